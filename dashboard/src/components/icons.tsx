import type { ReactElement } from "react";

export type IconName = "server" | "clock" | "layers" | "users";

const SHAPES: Record<IconName, ReactElement> = {
  server: (
    <>
      <rect x="2.5" y="2.5" width="11" height="4.5" rx="1" />
      <rect x="2.5" y="9" width="11" height="4.5" rx="1" />
      <path d="M5 4.75h.01M5 11.25h.01" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="5.75" />
      <path d="M8 4.75V8l2.25 1.5" />
    </>
  ),
  layers: (
    <>
      <path d="M8 2.25 14 5.5 8 8.75 2 5.5Z" />
      <path d="m2.25 8.25 5.75 3 5.75-3M2.25 11l5.75 3 5.75-3" />
    </>
  ),
  users: (
    <>
      <circle cx="6" cy="5.25" r="2.5" />
      <path d="M1.75 13.25c.25-2.75 2-4 4.25-4s4 1.25 4.25 4M10.5 3.25a2.25 2.25 0 0 1 0 4.25M12 9.5c1.4.5 2.2 1.75 2.4 3.75" />
    </>
  ),
};

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[name]}
    </svg>
  );
}
