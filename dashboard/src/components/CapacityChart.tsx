import { useMemo } from "react";
import type { Result } from "@/api/queries";
import type { CapacityColumn, CapacityResponse } from "@/api/types";
import { count } from "@/format/numbers";
import { NoSamples } from "./NoSamples";
import { TableToggle, useTable } from "./TableToggle";
import { TimeSeriesChart } from "./charts";
import { hasValues } from "./charts/lines";
import { Panel } from "./panel/Panel";
import { sectionTrust } from "./panel/section";
import { type LineStyles, sectionLines } from "./sectionLines";

const SLOTS: LineStyles<CapacityColumn> = {
  usedSlots: { label: "used slots", color: "--series-1", filled: true },
  totalSlots: { label: "total slots", color: "--series-4", dash: [2, 3] },
};
const WORKFLOWS: LineStyles<CapacityColumn> = {
  runningWorkflows: { label: "running workflows", color: "--series-1" },
  pendingWorkflows: { label: "pending workflows", color: "--series-2", dash: [7, 4] },
};

interface CapacityChartProps {
  data: Result<CapacityResponse>;
  timeRange: string;
}

export function CapacityChart({ data, timeRange }: CapacityChartProps) {
  return (
    <Panel
      title="Capacity"
      testId="capacity-chart"
      className="panel-chart"
      result={data}
      trustOf={(body) => sectionTrust(body, body.capacity)}
      actions={<TableToggle panel="capacity" subject="Capacity" />}
      skeletonLines={6}
    >
      {(body) => <CapacityCurves body={body} timeRange={timeRange} />}
    </Panel>
  );
}

function CapacityCurves({ body, timeRange }: { body: CapacityResponse; timeRange: string }) {
  const asTable = useTable("capacity");
  const [slots, workflows] = useMemo(() => {
    const section = { name: "capacity", body, current: body.capacity, series: body.series } as const;
    return [sectionLines(section, SLOTS, count), sectionLines(section, WORKFLOWS, count)];
  }, [body]);
  if (!hasValues([...slots, ...workflows])) return <NoSamples timeRange={timeRange} />;
  const shared = { t: body.series.t, range: body.range, format: count, asTable };
  return (
    <>
      <TimeSeriesChart
        {...shared}
        label={`Slots over the last ${timeRange}`}
        testId="chart-slots"
        lines={slots}
      />
      <TimeSeriesChart
        {...shared}
        label={`Workflows over the last ${timeRange}`}
        testId="chart-workflows"
        lines={workflows}
      />
    </>
  );
}
