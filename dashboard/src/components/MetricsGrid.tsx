import { isEstimated, reasonFor } from "@/api/provenance";
import type { Result } from "@/api/queries";
import type {
  CapacityResponse,
  Known,
  OrchestratorSummary,
  Provenance,
  SchedulingResponse,
} from "@/api/types";
import { count, duration, percent, rate } from "@/format/numbers";
import { MetricCard } from "./MetricCard";
import { type Metric, Value } from "./Value";
import { sectionTrust } from "./panel/section";

interface MetricsGridProps {
  summary: Result<OrchestratorSummary | null>;
  capacity: Result<CapacityResponse>;
  scheduling: Result<SchedulingResponse>;
}

export function MetricsGrid({ summary, capacity, scheduling }: MetricsGridProps) {
  return (
    <div className="metrics-grid">
      <MetricCard
        title="Capacity Utilization"
        icon="server"
        testId="metric-capacity-utilization"
        result={capacity}
        trustOf={(body) => sectionTrust(body, body.capacity)}
        value={(body) => capacityMetric(body, "capacityUtilization", percent)}
        detail={(body) => (
          <>
            <Value {...capacityMetric(body, "usedSlots", count)} testId="metric-used-slots" /> of{" "}
            <Value {...capacityMetric(body, "totalSlots", count)} testId="metric-total-slots" /> slots
            used, peak{" "}
            <Value {...capacityMetric(body, "peakUtilization", percent)} testId="metric-peak-utilization" />
          </>
        )}
      />
      <MetricCard
        title="Scheduling Latency"
        icon="clock"
        testId="metric-scheduling-latency"
        result={scheduling}
        trustOf={(body) => sectionTrust(body, body.scheduling)}
        value={(body) => schedulingMetric(body, "avgSchedulingLatency", duration)}
        detail={(body) => (
          <>
            on average, p95{" "}
            <Value {...schedulingMetric(body, "p95SchedulingLatency", duration)} testId="metric-p95-latency" />,{" "}
            <Value {...schedulingMetric(body, "schedulingThroughput", rate)} testId="metric-scheduling-throughput" />{" "}
            placed
          </>
        )}
      />
      <MetricCard
        title="Queue Depth"
        icon="layers"
        testId="metric-queue-depth"
        result={summary}
        trustOf={(body) => body}
        value={(body) => ({
          value: body?.backlogSize ?? null,
          format: count,
          reason: body?.reason ?? null,
        })}
        detail={() => "items waiting over all queues"}
      />
      <MetricCard
        title="Active Workers"
        icon="users"
        testId="metric-active-workers"
        result={capacity}
        trustOf={(body) => sectionTrust(body, body.capacity)}
        value={(body) => capacityMetric(body, "activeWorkers", count)}
        detail={(body) => (
          <>
            alive, with{" "}
            <Value {...capacityMetric(body, "availableSlots", count)} testId="metric-available-slots" />{" "}
            free slots
          </>
        )}
      />
    </div>
  );
}

function capacityMetric(
  body: CapacityResponse,
  key: keyof NonNullable<CapacityResponse["capacity"]>,
  format: Metric["format"],
): Metric {
  return metricOf(body, `/capacity/${key}`, body.capacity?.[key] ?? null, format);
}

function schedulingMetric(
  body: SchedulingResponse,
  key: Exclude<keyof NonNullable<SchedulingResponse["scheduling"]>, "schedulingAlgorithm">,
  format: Metric["format"],
): Metric {
  return metricOf(body, `/scheduling/${key}`, body.scheduling?.[key] ?? null, format);
}

export function metricOf(
  body: Provenance,
  pointer: string,
  value: Known,
  format: Metric["format"],
): Metric {
  return {
    value,
    format,
    reason: reasonFor(body, pointer),
    estimated: isEstimated(body, pointer),
  };
}
