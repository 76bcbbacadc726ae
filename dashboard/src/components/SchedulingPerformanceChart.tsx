import { useMemo } from "react";
import type { Result } from "@/api/queries";
import type { SchedulingColumn, SchedulingResponse } from "@/api/types";
import { count, duration } from "@/format/numbers";
import { NoSamples } from "./NoSamples";
import { TableToggle, useTable } from "./TableToggle";
import { TimeSeriesChart } from "./charts";
import { hasValues } from "./charts/lines";
import { Panel } from "./panel/Panel";
import { sectionTrust } from "./panel/section";
import { type LineStyles, sectionLines } from "./sectionLines";

const LATENCY: LineStyles<SchedulingColumn> = {
  p50SchedulingLatency: { label: "p50", color: "--series-1" },
  p95SchedulingLatency: { label: "p95", color: "--series-2", dash: [7, 4] },
  p99SchedulingLatency: { label: "p99", color: "--series-3", dash: [2, 3] },
};
const WAITING: LineStyles<SchedulingColumn> = {
  queueDepth: { label: "waiting to be placed", color: "--series-1", filled: true },
};

interface SchedulingPerformanceChartProps {
  data: Result<SchedulingResponse>;
  timeRange: string;
}

export function SchedulingPerformanceChart({ data, timeRange }: SchedulingPerformanceChartProps) {
  return (
    <Panel
      title="Scheduling performance"
      testId="scheduling-chart"
      className="panel-chart"
      result={data}
      trustOf={(body) => sectionTrust(body, body.scheduling)}
      actions={<TableToggle panel="scheduling" subject="Scheduling performance" />}
      skeletonLines={6}
    >
      {(body) => <SchedulingCurves body={body} timeRange={timeRange} />}
    </Panel>
  );
}

function SchedulingCurves({ body, timeRange }: { body: SchedulingResponse; timeRange: string }) {
  const asTable = useTable("scheduling");
  const [latency, waiting] = useMemo(() => {
    const section = {
      name: "scheduling",
      body,
      current: body.scheduling,
      series: body.series,
    } as const;
    return [sectionLines(section, LATENCY, duration), sectionLines(section, WAITING, count)];
  }, [body]);
  if (!hasValues([...latency, ...waiting])) return <NoSamples timeRange={timeRange} />;
  const shared = { t: body.series.t, range: body.range, asTable };
  return (
    <>
      <TimeSeriesChart
        {...shared}
        label={`Scheduling latency over the last ${timeRange}`}
        testId="chart-latency"
        lines={latency}
        format={duration}
      />
      <TimeSeriesChart
        {...shared}
        label={`Work waiting to be placed over the last ${timeRange}`}
        testId="chart-waiting"
        lines={waiting}
        format={count}
      />
    </>
  );
}
