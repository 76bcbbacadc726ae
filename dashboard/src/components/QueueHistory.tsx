import { useMemo } from "react";
import { useQueueMetrics } from "@/api/queries";
import type { Queue, QueueMetricsResponse } from "@/api/types";
import { count, rate } from "@/format/numbers";
import { changeView } from "@/state/url";
import { NoSamples } from "./NoSamples";
import { TableToggle, useTable } from "./TableToggle";
import { type Line, TimeSeriesChart } from "./charts";
import { hasValues } from "./charts/lines";
import { Panel } from "./panel/Panel";

interface QueueHistoryProps {
  queue: Queue;
  queueId: string;
  timeRange: string;
}

/** One queue over time: how much waits, and what comes and goes. */
export function QueueHistory({ queue, queueId, timeRange }: QueueHistoryProps) {
  const result = useQueueMetrics(queue.orchestratorId, queueId, timeRange);
  return (
    <Panel
      title={`History of ${queue.name}`}
      testId="queue-history"
      className="panel-chart panel-nested"
      result={result}
      trustOf={(body) => body}
      skeletonLines={6}
      actions={
        <>
          <TableToggle panel="queue" subject={`History of ${queue.name}`} />
          <button type="button" className="quiet" onClick={() => changeView({ queue: null })}>
            Close
          </button>
        </>
      }
    >
      {(body) => <QueueCurves body={body} timeRange={timeRange} />}
    </Panel>
  );
}

function QueueCurves({ body, timeRange }: { body: QueueMetricsResponse; timeRange: string }) {
  const asTable = useTable("queue");
  const [waiting, flow] = useMemo(() => [waitingLines(body), flowLines(body)], [body]);
  if (!hasValues([...waiting, ...flow])) return <NoSamples timeRange={timeRange} />;
  const shared = { t: body.series.t, range: body.range, asTable };
  return (
    <>
      <TimeSeriesChart
        {...shared}
        label={`Items waiting over the last ${timeRange}`}
        testId="chart-queue-size"
        lines={waiting}
        format={count}
      />
      <TimeSeriesChart
        {...shared}
        label={`Items arriving and processed over the last ${timeRange}`}
        testId="chart-queue-flow"
        lines={flow}
        format={rate}
      />
    </>
  );
}

function waitingLines({ queue, series }: QueueMetricsResponse): Line[] {
  return [
    {
      key: "size",
      label: "waiting",
      color: "--series-1",
      filled: true,
      values: series.size,
      current: { value: queue.size, format: count },
    },
  ];
}

function flowLines({ queue, series }: QueueMetricsResponse): Line[] {
  return [
    {
      key: "arrivalRate",
      label: "arriving",
      color: "--series-2",
      dash: [7, 4],
      values: series.arrivalRate,
      current: { value: queue.arrivalRate, format: rate },
    },
    {
      key: "processingRate",
      label: "processed",
      color: "--series-1",
      values: series.processingRate,
      current: { value: queue.processingRate, format: rate },
    },
  ];
}
