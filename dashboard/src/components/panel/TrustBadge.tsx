import type { SectionState, Trust } from "@/api/types";
import { Age } from "./Age";

interface TrustBadgeProps {
  trust: Trust;
  /** The state that the surroundings already tell: it is not told again. */
  told?: SectionState | undefined;
}

/** Says when a value is not fresh; shows nothing for a fresh one. */
export function TrustBadge({ trust, told }: TrustBadgeProps) {
  if (trust.state === told) return null;
  if (trust.state === "stale") {
    return (
      <span
        className="badge badge-stale"
        data-testid="stale-badge"
        title={trust.reason ?? "older than three collection intervals"}
      >
        stale, from <Age at={trust.observedAt} />
      </span>
    );
  }
  if (trust.state === "error") {
    return (
      <span className="badge badge-error" data-testid="error-badge" title={trust.reason ?? ""}>
        not read, from <Age at={trust.observedAt} />
      </span>
    );
  }
  return null;
}

export function SimulatedBadge() {
  return (
    <span
      className="badge badge-simulated"
      data-testid="simulated-badge"
      title="These values come from a simulation, not from a running orchestrator"
    >
      simulated
    </span>
  );
}
