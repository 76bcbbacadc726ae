import { useSyncExternalStore } from "react";

/**
 * The server's clock as far as this page knows it. Ages are told against it, so that a browser
 * whose clock is off does not call fresh values stale. Accurate to about two seconds.
 */
let offsetMs = 0;
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

const TRUSTED_SKEW_MS = 2_000;

/** Take note of a response's `Date` header. */
export function noteServerDate(header: string | null): void {
  const server = header === null ? Number.NaN : Date.parse(header);
  if (!Number.isFinite(server)) return;
  const skew = server - Date.now();
  // The header has whole seconds: a smaller difference is rounding, not skew.
  offsetMs = Math.abs(skew) <= TRUSTED_SKEW_MS ? 0 : skew;
}

export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** Server time in milliseconds, renewed each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (timer === undefined) {
    nowMs = serverNow();
    timer = setInterval(tick, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  nowMs = serverNow();
  for (const listener of listeners) listener();
}
