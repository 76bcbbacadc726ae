/** What the API answers. Ratios are 0..1, latencies milliseconds; null is unknown, never zero. */

export type SectionState = "ok" | "stale" | "unsupported" | "error";
export type HealthStatus = "healthy" | "degraded" | "unhealthy" | "critical";
export type ComponentStatus = "healthy" | "degraded" | "unhealthy";
export type Known = number | null;

/** How far a served value may be trusted. */
export interface Trust {
  observedAt: string | null;
  state: SectionState;
  reason?: string | null;
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface OrchestratorSummary extends Trust {
  id: string;
  orchestratorType: string;
  instanceId: string;
  clusterName: string;
  simulated: boolean;
  firstSeen: string;
  lastSeen: string;
  status: HealthStatus | null;
  healthScore: Known;
  capacityUtilization: Known;
  backlogSize: Known;
  activeWorkers: Known;
  runningWorkflows: Known;
}

export interface ComponentIssue {
  code: string;
  message: string;
  since?: string | null;
}

export interface ComponentHealth {
  name: string;
  type: string;
  status: ComponentStatus | null;
  latency: Known;
  throughput: Known;
  errorRate: Known;
  lastCheck: string;
  issues: ComponentIssue[];
}

export interface OrchestratorError {
  code: string;
  message: string;
  source: string;
  occurredAt: string;
  count: number;
}

export interface ScorePart {
  name: string;
  weight: number;
  effectiveWeight: number;
  score: Known;
  contribution: Known;
  raw: Record<string, number | string | null>;
  evidence: string;
  repair?: string | null;
  gain?: Known;
  reason?: string | null;
}

export interface Diagnostics {
  coverage: Known;
  scoreParts: ScorePart[];
  previousStatus: HealthStatus | null;
  statusReason: string | null;
}

export interface OrchestratorHealth {
  status: HealthStatus;
  healthScore: Known;
  components: ComponentHealth[];
  lastHealthCheck: string;
  uptime: Known;
  restarts: Known;
  errors: OrchestratorError[];
  warnings: string[];
  diagnostics: Diagnostics;
}

export interface Bottleneck {
  kind: string;
  name: string;
  waiting_items: Known;
  wait_item_s: Known;
  basis: string;
  evidence: string;
}

export interface Recommendation {
  action: string;
  evidence: string;
  effect: string;
  risk: string;
  score_gain: Known;
}

/** The part of the analysis that this page shows; its keys are snake_case. */
export interface HealthAnalysis {
  bottlenecks: Bottleneck[];
  recommendations: Recommendation[];
}

export interface HealthResponse extends Trust {
  orchestratorId: string;
  health: OrchestratorHealth;
  analysis: HealthAnalysis | null;
}

export interface Capacity {
  totalSlots: Known;
  availableSlots: Known;
  usedSlots: Known;
  pendingWorkflows: Known;
  runningWorkflows: Known;
  completedWorkflows: Known;
  failedWorkflows: Known;
  capacityUtilization: Known;
  peakUtilization: Known;
  activeWorkers: Known;
}

export interface Scheduling {
  avgSchedulingLatency: Known;
  p50SchedulingLatency: Known;
  p95SchedulingLatency: Known;
  p99SchedulingLatency: Known;
  schedulingThroughput: Known;
  schedulingFailures: Known;
  queueDepth: Known;
  schedulingAlgorithm: string | null;
}

export interface SeriesRange {
  from: string | number;
  to: string | number;
  stepS: number;
}

/** Columns of equal length; `t` is epoch milliseconds, a step without a sample is null. */
export type Series<Name extends string> = { t: number[] } & Record<Name, Known[]>;

export type CapacityColumn =
  | "totalSlots"
  | "usedSlots"
  | "capacityUtilization"
  | "runningWorkflows"
  | "pendingWorkflows"
  | "completedWorkflows"
  | "failedWorkflows";

export type SchedulingColumn =
  | "avgSchedulingLatency"
  | "p50SchedulingLatency"
  | "p95SchedulingLatency"
  | "p99SchedulingLatency"
  | "schedulingThroughput"
  | "queueDepth";

export type QueueColumn =
  | "size"
  | "consumers"
  | "processingRate"
  | "arrivalRate"
  | "errorRate"
  | "oldestAgeS";

/** JSON pointer -> why the value there is null; pointers of values that are estimates. */
export interface Provenance {
  unavailable: Record<string, string>;
  estimated: string[];
}

export interface CapacityResponse extends Trust, Provenance {
  orchestratorId: string;
  capacity: Capacity | null;
  range: SeriesRange;
  series: Series<CapacityColumn>;
}

export interface SchedulingResponse extends Trust, Provenance {
  orchestratorId: string;
  scheduling: Scheduling | null;
  range: SeriesRange;
  series: Series<SchedulingColumn>;
}

export interface QueueInfo {
  id: string | null;
  name: string;
  type: string;
  size: Known;
  consumers: Known;
  processingRate: Known;
  arrivalRate: Known;
  errorRate: Known;
  avgProcessingTime: Known;
  oldestMessage: string | null;
  inFlight: Known;
}

export interface Queue extends QueueInfo, Trust {
  orchestratorId: string;
}

export interface QueueMetricsResponse extends Trust {
  orchestratorId: string;
  queue: QueueInfo;
  range: SeriesRange;
  series: Series<QueueColumn>;
}

export interface WorkerPool extends Trust {
  poolId: string;
  orchestratorId: string;
  poolName: string;
  workerType: string;
  totalWorkers: Known;
  activeWorkers: Known;
  idleWorkers: Known;
  busyWorkers: Known;
  failedWorkers: Known;
  terminatingWorkers: Known;
}

/** RFC 9457, as the API fills it. */
export interface Problem {
  title: string;
  status: number;
  detail?: string;
  code: string;
  requestId?: string | null;
}
