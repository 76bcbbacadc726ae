import type { Result } from "@/api/queries";
import type { CapacityResponse, Known } from "@/api/types";
import { count } from "@/format/numbers";
import { metricOf } from "./MetricsGrid";
import { Value } from "./Value";
import { Panel } from "./panel/Panel";
import { sectionTrust } from "./panel/section";

interface WorkflowCountsProps {
  data: Result<CapacityResponse>;
  timeRange: string;
}

/** What runs and waits now, and what ended within the time range. */
export function WorkflowCounts({ data, timeRange }: WorkflowCountsProps) {
  return (
    <Panel
      title="Workflows"
      testId="workflow-counts"
      className="panel-counts"
      result={data}
      trustOf={(body) => sectionTrust(body, body.capacity)}
      skeletonLines={1}
      compact
    >
      {(body) => (
        <dl className="counts">
          <Now body={body} name="running" column="runningWorkflows" />
          <Now body={body} name="pending" column="pendingWorkflows" />
          <Ended body={body} name="completed" column="completedWorkflows" timeRange={timeRange} />
          <Ended body={body} name="failed" column="failedWorkflows" timeRange={timeRange} />
        </dl>
      )}
    </Panel>
  );
}

type Column = "runningWorkflows" | "pendingWorkflows" | "completedWorkflows" | "failedWorkflows";

interface FigureProps {
  body: CapacityResponse;
  name: string;
  column: Column;
}

function Now({ body, name, column }: FigureProps) {
  const metric = metricOf(body, `/capacity/${column}`, body.capacity?.[column] ?? null, count);
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Value {...metric} testId={`metric-${name}-workflows`} />
      </dd>
    </div>
  );
}

function Ended({ body, name, column, timeRange }: FigureProps & { timeRange: string }) {
  const pointer = `/capacity/${column}`;
  const total = sum(body.series[column]);
  const last = metricOf(body, pointer, body.capacity?.[column] ?? null, count);
  return (
    <div>
      <dt>
        {name}, last {timeRange}
      </dt>
      <dd>
        <Value {...metricOf(body, pointer, total, count)} testId={`metric-${name}-workflows`} />
        <small>
          <Value {...last} testId={`metric-${name}-workflows-interval`} /> in the last interval
        </small>
      </dd>
    </div>
  );
}

/** Of what is known; null when nothing is. */
function sum(values: readonly Known[]): Known {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
}
