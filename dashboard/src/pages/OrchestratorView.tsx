import {
  type OrchestratorId,
  useCapacity,
  useHealth,
  useQueues,
  useScheduling,
  useSummary,
  useWorkerPools,
} from "@/api/queries";
import { CapacityChart } from "@/components/CapacityChart";
import { ComponentHealthGrid } from "@/components/ComponentHealthGrid";
import { HealthExplanation } from "@/components/HealthExplanation";
import { HealthScoreGauge } from "@/components/HealthScoreGauge";
import { MetricsGrid } from "@/components/MetricsGrid";
import { QueueAnalysisPanel } from "@/components/QueueAnalysisPanel";
import { SchedulingPerformanceChart } from "@/components/SchedulingPerformanceChart";
import { SubjectLine } from "@/components/SubjectLine";
import { WorkerPoolSummary } from "@/components/WorkerPoolSummary";
import { WorkflowCounts } from "@/components/WorkflowCounts";
import { useView } from "@/state/url";

/** All panels of one orchestrator; skeletons while `id` is not chosen yet. */
export function OrchestratorView({ id }: { id: OrchestratorId }) {
  const { range, queue, explain } = useView();
  const summary = useSummary(id);
  const health = useHealth(id);
  const capacity = useCapacity(id, range);
  const scheduling = useScheduling(id, range);
  const queues = useQueues(id);
  const pools = useWorkerPools(id);
  return (
    <>
      <div className="subject-frame">
        {summary.data != null && <SubjectLine summary={summary.data} />}
      </div>
      <div className="health-overview">
        <HealthScoreGauge data={health} />
        <div className="health-details">
          <ComponentHealthGrid data={health} />
          <WorkflowCounts data={capacity} timeRange={range} />
        </div>
      </div>
      <MetricsGrid summary={summary} capacity={capacity} scheduling={scheduling} />
      <div className="charts">
        <CapacityChart data={capacity} timeRange={range} />
        <SchedulingPerformanceChart data={scheduling} timeRange={range} />
      </div>
      <div className="queues-and-pools">
        <QueueAnalysisPanel queues={queues} selected={queue} timeRange={range} />
        <WorkerPoolSummary pools={pools} />
      </div>
      {explain === "health" && health.data !== undefined && <HealthExplanation data={health.data} />}
    </>
  );
}
