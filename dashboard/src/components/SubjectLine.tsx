import type { OrchestratorSummary } from "@/api/types";
import { StatusLabel } from "./StatusGlyph";
import { Age, Moment } from "./panel/Age";
import { SimulatedBadge } from "./panel/TrustBadge";

/** Which orchestrator the page is about, and whether it can be read at all. */
export function SubjectLine({ summary }: { summary: OrchestratorSummary }) {
  const { orchestratorType, instanceId, clusterName, simulated, status } = summary;
  return (
    <>
      <title>{`${status ?? "not known"} · ${orchestratorType} / ${instanceId} · woa`}</title>
      <div className="subject" data-testid="subject">
        <StatusLabel status={status} />
        <strong>{instanceId}</strong>
        <span className="muted">
          {orchestratorType}, cluster {clusterName}
        </span>
        {simulated && <SimulatedBadge />}
        <span className="subject-time muted">
          observed <Age at={summary.observedAt} />
        </span>
      </div>
      {summary.state === "error" && (
        <p className="banner banner-critical" role="alert" data-testid="outage-banner">
          <strong>This orchestrator cannot be read{summary.reason ? `: ${summary.reason}` : "."}</strong>{" "}
          What follows is from <Moment at={summary.observedAt} /> or earlier; each panel says from when.
        </p>
      )}
      {summary.state === "stale" && (
        <p className="banner" role="status" data-testid="stale-banner">
          <strong>No news since</strong> <Moment at={summary.observedAt} />. Is the agent running?{" "}
          <code>woa doctor</code> says what is missing.
        </p>
      )}
    </>
  );
}
