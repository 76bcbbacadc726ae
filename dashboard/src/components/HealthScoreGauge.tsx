import type { Result } from "@/api/queries";
import type { HealthResponse } from "@/api/types";
import { count, percent, seconds } from "@/format/numbers";
import { changeView } from "@/state/url";
import { StatusLabel } from "./StatusGlyph";
import { Value } from "./Value";
import { PartBars } from "./PartBars";
import { GaugeChart } from "./charts";
import { Panel } from "./panel/Panel";
import { healthTrust } from "./panel/section";

/** The health score; pressing it opens how it came about. */
export function HealthScoreGauge({ data }: { data: Result<HealthResponse> }) {
  return (
    <Panel
      title="Health"
      testId="health-gauge"
      className="panel-gauge"
      result={data}
      trustOf={healthTrust}
      skeletonLines={5}
    >
      {({ health }) => (
        <>
          <button
            type="button"
            className="gauge-button"
            aria-haspopup="dialog"
            data-testid="explain-health"
            onClick={() => changeView({ explain: "health" })}
          >
            <GaugeChart score={health.healthScore} status={health.status} />
            <span className="gauge-score">
              <Value
                value={health.healthScore}
                format={percent}
                reason={health.diagnostics.statusReason}
                testId="health-score"
                absent="N/A"
              />
            </span>
            <span className="gauge-status" role="status">
              <StatusLabel status={health.status} testId="health-status" />
            </span>
            <span className="gauge-hint">Explain this score</span>
          </button>
          <PartBars parts={health.diagnostics.scoreParts} />
          <dl className="facts">
            <div>
              <dt>coverage</dt>
              <dd>
                <Value value={health.diagnostics.coverage} format={percent} testId="health-coverage" />
              </dd>
            </div>
            <div>
              <dt>up</dt>
              <dd>
                <Value value={health.uptime} format={seconds} testId="health-uptime" />
              </dd>
            </div>
            <div>
              <dt>restarts</dt>
              <dd>
                <Value value={health.restarts} format={count} testId="health-restarts" />
              </dd>
            </div>
          </dl>
        </>
      )}
    </Panel>
  );
}
