import type { ReactElement } from "react";

/** Every status has its own shape and its own word, so that none hangs on colour alone. */
export type Status = "healthy" | "degraded" | "unhealthy" | "critical" | "unknown";

const SHAPES: Record<Status, ReactElement> = {
  healthy: <path d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm3.2 4.3-3.9 4.7-2.4-2.3" />,
  degraded: <path d="M8 1.6 15 14H1Zm0 4.4v3.8m0 2v.2" />,
  unhealthy: <path d="M8 .9 15.1 8 8 15.1.9 8Zm0 3.6v4.3m0 2.2v.2" />,
  critical: <path d="M5 1.5h6L14.5 5v6L11 14.5H5L1.5 11V5Zm.4 3.9 5.2 5.2m0-5.2-5.2 5.2" />,
  unknown: <path d="M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM4.8 8h6.4" strokeDasharray="2.2 1.6" />,
};

const WORDS: Record<Status, string> = {
  healthy: "healthy",
  degraded: "degraded",
  unhealthy: "unhealthy",
  critical: "critical",
  unknown: "not known",
};

export function statusWord(status: Status | null): string {
  return WORDS[status ?? "unknown"];
}

export function StatusGlyph({ status }: { status: Status | null }) {
  return (
    <svg className={`glyph status-${status ?? "unknown"}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[status ?? "unknown"]}
    </svg>
  );
}

interface StatusLabelProps {
  status: Status | null;
  testId?: string;
}

export function StatusLabel({ status, testId }: StatusLabelProps) {
  return (
    <span className={`status-label status-${status ?? "unknown"}`}>
      <StatusGlyph status={status} />
      <span data-testid={testId} data-value={status ?? "null"}>
        {statusWord(status)}
      </span>
    </span>
  );
}
