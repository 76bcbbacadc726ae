import type { Known } from "@/api/types";

/** One number with what a reader must know to trust it. */
export interface Metric {
  value: Known;
  format: (value: number) => string;
  /** Why the value is not known. */
  reason?: string | null | undefined;
  estimated?: boolean;
}

const ESTIMATE = "estimated by the orchestrator, not counted";

export function unknownText(reason: string | null | undefined): string {
  return `not reported: ${reason ?? "the orchestrator does not say it"}`;
}

interface ValueProps extends Metric {
  testId: string;
  /** What stands for a value that is not known. */
  absent?: string;
}

/** A number as it is shown; `data-value` is the number itself, `null` when it is not known. */
export function Value({ value, format, reason, estimated, testId, absent = "—" }: ValueProps) {
  if (value === null) {
    const why = unknownText(reason);
    return (
      <span className="value absent" data-testid={testId} data-value="null" title={why}>
        <span aria-hidden="true">{absent}</span>
        <span className="visually-hidden">{why}</span>
      </span>
    );
  }
  const title = estimated ? `≈ ${ESTIMATE}: ${value}` : String(value);
  return (
    <span className="value" data-testid={testId} data-value={value} title={title}>
      {estimated && (
        <>
          <span aria-hidden="true">≈&thinsp;</span>
          <span className="visually-hidden">{ESTIMATE}: </span>
        </>
      )}
      {format(value)}
    </span>
  );
}
