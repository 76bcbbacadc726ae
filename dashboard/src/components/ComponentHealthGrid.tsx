import type { Result } from "@/api/queries";
import type { ComponentHealth, HealthResponse } from "@/api/types";
import { duration, percent, rate } from "@/format/numbers";
import { HealthNotices } from "./HealthNotices";
import { StatusGlyph, statusWord } from "./StatusGlyph";
import { Value } from "./Value";
import { Age } from "./panel/Age";
import { Panel } from "./panel/Panel";
import { healthTrust } from "./panel/section";
import { EmptyState } from "./panel/states";

export function ComponentHealthGrid({ data }: { data: Result<HealthResponse> }) {
  return (
    <Panel
      title="Components"
      testId="component-grid"
      className="panel-components"
      result={data}
      trustOf={healthTrust}
      skeletonLines={5}
    >
      {({ health }) => (
        <>
          <HealthNotices health={health} />
          {health.components.length === 0 && health.errors.length === 0 && (
            <EmptyState title="No components reported" command="woa agent once --print -c FILE">
              See what the agent can read of this orchestrator:
            </EmptyState>
          )}
          <ul className="components">
            {health.components.map((component) => (
              <ComponentTile key={`${component.type} ${component.name}`} component={component} />
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function ComponentTile({ component }: { component: ComponentHealth }) {
  const { name, status } = component;
  const id = `component-${name}`;
  return (
    <li className="component" data-testid={id} data-status={status ?? "null"}>
      <div className="component-head">
        <StatusGlyph status={status} />
        <strong>{name}</strong>
        <span className="muted">{component.type}</span>
        <span className={`component-word status-${status ?? "unknown"}`}>{statusWord(status)}</span>
      </div>
      <dl className="facts">
        <div>
          <dt>latency</dt>
          <dd>
            <Value value={component.latency} format={duration} testId={`${id}-latency`} />
          </dd>
        </div>
        <div>
          <dt>requests</dt>
          <dd>
            <Value value={component.throughput} format={rate} testId={`${id}-throughput`} />
          </dd>
        </div>
        <div>
          <dt>errors</dt>
          <dd>
            <Value value={component.errorRate} format={percent} testId={`${id}-error-rate`} />
          </dd>
        </div>
        <div>
          <dt>checked</dt>
          <dd>
            <Age at={component.lastCheck} />
          </dd>
        </div>
      </dl>
      {component.issues.map((issue) => (
        <p key={issue.code} className="issue">
          <code>{issue.code}</code> {issue.message}
        </p>
      ))}
    </li>
  );
}
