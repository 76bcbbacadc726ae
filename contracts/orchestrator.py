"""`OrchestratorMetrics`: all that one pass learnt about one orchestrator instance.

A numeric leaf that the source cannot tell is null, and `metadata.unavailable` says why
under the leaf's JSON pointer. Counts in `execution` and `scheduling` are deltas of the
interval. Each field says its unit; docs/reference/specification.md lists what is additive.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from contracts.base import (
    CollectedAt,
    Count,
    NonNegative,
    OrchestratorId,
    Ratio,
    Record,
    StorableJson,
    Text,
    UtcDatetime,
)
from contracts.health import OrchestratorHealth

__all__ = [
    "AgentInfo",
    "CapacityMetrics",
    "ExecutionMetrics",
    "LatencyHistogram",
    "Metadata",
    "NetworkMetrics",
    "OrchestratorMetrics",
    "OrchestratorType",
    "PersistenceMetrics",
    "QueueInfo",
    "QueueMetrics",
    "QueueType",
    "RecentOutcomes",
    "ResourceAllocation",
    "ScalingMetrics",
    "SchedulingPerformance",
    "SourceInfo",
]


class OrchestratorType(StrEnum):
    """Which orchestrator it is."""

    KUBERNETES = "kubernetes"
    AIRFLOW = "airflow"
    TEMPORAL = "temporal"
    PREFECT = "prefect"
    ARGO = "argo"
    CUSTOM = "custom"


class LatencyHistogram(Record):
    """Observations of one interval in buckets.

    `counts[i]` fell at or below `bounds_ms[i]` and above the bound before; the last count,
    one more than there are bounds, is everything above. Histograms of the same bounds merge
    by addition; percentiles are never averaged.
    """

    bounds_ms: tuple[NonNegative, ...] = Field(
        description="Upper bounds of the buckets, increasing, in milliseconds."
    )
    counts: tuple[Count, ...] = Field(
        description="Observations in each bucket; the last one is everything above the bounds."
    )
    sum_ms: NonNegative = Field(description="Sum of all observations, in milliseconds.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if any(upper <= lower for lower, upper in pairwise(self.bounds_ms)):
            raise ValueError("bounds_ms must increase")
        if len(self.counts) != len(self.bounds_ms) + 1:
            raise ValueError("counts must be one more than bounds_ms")
        return self


class ScalingMetrics(Record):
    """How far capacity may move, as far as the orchestrator knows."""

    min_slots: Count | None = Field(
        default=None, description="Fewest slots it may have; null: no bound, or not known."
    )
    max_slots: Count | None = Field(
        default=None, description="Most slots it may have; null: no bound, or not known."
    )
    autoscaled: bool | None = Field(default=None, description="Something else already scales it.")


class CapacityMetrics(Record):
    """Slots (places to run work) and the work that uses or wants them."""

    total_slots: Count | None = Field(
        default=None, description="Places to run work on live workers."
    )
    available_slots: Count | None = Field(default=None, description="Places that are free.")
    used_slots: Count | None = Field(default=None, description="Places that are taken.")
    pending_workflows: Count | None = Field(default=None, description="Workflows that wait to run.")
    running_workflows: Count | None = Field(
        default=None, description="Workflows that run or are open, as the source counts them."
    )
    completed_workflows: Count | None = Field(default=None, description="In the interval.")
    failed_workflows: Count | None = Field(default=None, description="In the interval.")
    capacity_utilization: NonNegative | None = Field(default=None, description="Used / total.")
    peak_utilization: NonNegative | None = Field(
        default=None, description="Maximum of the last hour."
    )
    active_workers: Count | None = Field(
        default=None, description="Workers that are alive, with or without work (additive)."
    )
    scaling_metrics: ScalingMetrics = ScalingMetrics()


class SchedulingPerformance(Record):
    """How long work waits for a place, over the interval."""

    avg_scheduling_latency: NonNegative | None = Field(default=None, description="Milliseconds.")
    p50_scheduling_latency: NonNegative | None = Field(
        default=None, description="Milliseconds (additive)."
    )
    p95_scheduling_latency: NonNegative | None = Field(default=None, description="Milliseconds.")
    p99_scheduling_latency: NonNegative | None = Field(default=None, description="Milliseconds.")
    latency_histogram: LatencyHistogram | None = Field(
        default=None, description="What the percentiles were read from (additive)."
    )
    scheduling_throughput: NonNegative | None = Field(
        default=None, description="Placements per second."
    )
    scheduling_failures: Count | None = Field(default=None, description="In the interval.")
    queue_depth: Count | None = Field(default=None, description="Waiting and not yet placed.")
    priority_distribution: dict[Text, Count] | None = Field(
        default=None, description="Waiting items by priority."
    )
    affinity_violations: Count | None = Field(default=None, description="In the interval.")
    resource_contentions: Count | None = Field(default=None, description="In the interval.")
    scheduling_algorithm: Text | None = Field(
        default=None, description="How work is placed, in the source's words."
    )
    optimization_score: Ratio | None = Field(
        default=None, description="0..1, how good the placement is; null until it is analysed."
    )


class QueueType(StrEnum):
    """In which order a queue hands out its items."""

    PRIORITY = "priority"
    FIFO = "fifo"
    LIFO = "lifo"
    DELAYED = "delayed"


class QueueInfo(Record):
    """One queue. `id` and the rates beyond `processing_rate` are additive."""

    id: UUID | None = Field(
        default=None, description="The same for this queue on every machine (additive)."
    )
    name: Text = Field(description="Its name at the source.")
    type: QueueType
    size: Count | None = Field(description="Items waiting.")
    consumers: Count | None = Field(default=None, description="Workers that take from it now.")
    processing_rate: NonNegative | None = Field(default=None, description="Items per second.")
    arrival_rate: NonNegative | None = Field(
        default=None, description="Items per second (additive)."
    )
    error_rate: Ratio | None = Field(
        default=None, description="Share of its items that failed in the interval."
    )
    avg_processing_time: NonNegative | None = Field(default=None, description="Milliseconds.")
    oldest_message: UtcDatetime | None = Field(
        default=None,
        description="Since when its oldest waiting item waits; null: none waits, or not known.",
    )
    in_flight: Count | None = Field(default=None, description="Items being worked on (additive).")
    priority_levels: dict[Text, Count] | None = Field(
        default=None,
        description="Waiting items by priority; null: it has none, or they cannot be told.",
    )


class QueueMetrics(Record):
    """All queues of the orchestrator and their sums."""

    queues: tuple[QueueInfo, ...] | None = Field(
        default=None, description="null: not known. Empty: known to be none."
    )
    total_messages: Count | None = Field(default=None, description="Waiting and in flight.")
    processing_rate: NonNegative | None = Field(default=None, description="Items per second.")
    backlog_size: Count | None = Field(default=None, description="Items waiting.")
    backlog_growing_for_s: NonNegative | None = Field(
        default=None,
        description="Seconds for which the backlog has not stopped growing (additive).",
    )
    avg_wait_time: NonNegative | None = Field(default=None, description="Milliseconds.")
    max_wait_time: NonNegative | None = Field(default=None, description="Milliseconds.")
    dead_letter_count: Count | None = Field(
        default=None, description="Items given up and kept aside."
    )
    poison_message_count: Count | None = Field(
        default=None, description="Items that keep failing and are tried again."
    )
    queue_latency: NonNegative | None = Field(
        default=None, description="Milliseconds from enqueued to handed out."
    )
    throughput: NonNegative | None = Field(default=None, description="Items per second.")


class RecentOutcomes(Record):
    """Finished workflows over the agent's trailing window, at most one hour."""

    completed: Count = Field(description="Workflows that completed in the window.")
    failed: Count = Field(description="Workflows that failed in the window.")
    window_s: NonNegative = Field(description="How much of the hour was really observed.")


class ExecutionMetrics(Record):
    """What ran. Counts are deltas of the interval."""

    completed_workflows: Count | None = Field(
        default=None, description="Completed in the interval."
    )
    failed_workflows: Count | None = Field(
        default=None,
        description="Failed for good in the interval: failures, time-outs, terminations.",
    )
    canceled_workflows: Count | None = Field(default=None, description="Canceled in the interval.")
    retried_tasks: Count | None = Field(
        default=None, description="Attempts that were repeated in the interval."
    )
    avg_duration: NonNegative | None = Field(default=None, description="Milliseconds.")
    interval_s: NonNegative | None = Field(
        default=None, description="Length of the interval the counts cover."
    )
    recent: RecentOutcomes | None = Field(
        default=None,
        description="Outcomes of the trailing hour, which the score looks at (additive).",
    )


class ResourceAllocation(Record):
    """What the orchestrator's own processes use."""

    cpu_cores: NonNegative | None = Field(default=None, description="CPU in use, in cores.")
    memory_bytes: NonNegative | None = Field(default=None, description="Memory in use, in bytes.")
    tasks: Count | None = Field(default=None, description="Threads, goroutines or the like.")


class NetworkMetrics(Record):
    """Connections to the orchestrator."""

    open_connections: Count | None = Field(default=None, description="Connections open now.")
    pending_requests: Count | None = Field(
        default=None, description="Requests that wait for their answer now."
    )
    bytes_per_s: NonNegative | None = Field(
        default=None, description="Bytes per second, both ways."
    )


class PersistenceMetrics(Record):
    """The orchestrator's own database."""

    store: Text | None = Field(default=None, description="Kind of the database, e.g. `postgresql`.")
    visibility_store: Text | None = Field(
        default=None, description="Kind of the store that is searched, where that is another."
    )
    latency: NonNegative | None = Field(default=None, description="Milliseconds.")
    request_rate: NonNegative | None = Field(default=None, description="Requests per second.")
    error_rate: Ratio | None = Field(
        default=None, description="Share of its requests that failed in the interval."
    )
    shards: Count | None = Field(default=None, description="Parts the state is divided into.")
    retention_s: NonNegative | None = Field(
        default=None, description="Seconds for which finished work is kept."
    )


class SourceInfo(Record):
    """Where a record came from and what it cost the source."""

    versions: dict[Text, Text] = Field(
        default_factory=dict, description="Versions of server, API and client, by name."
    )
    calls: Count = Field(default=0, description="Calls made for this record.")
    scrape_time: NonNegative | None = Field(default=None, description="Milliseconds.")


class AgentInfo(Record):
    """How the agent that made the record is doing; totals since it started."""

    scrapes: Count = Field(default=0, description="Scrapes begun.")
    failed_scrapes: dict[Text, Count] = Field(default_factory=dict, description="By error code.")
    last_success: UtcDatetime | None = Field(
        default=None, description="When a scrape last succeeded; null: never."
    )
    spooled_records: Count = Field(default=0, description="Kept until the bus has taken them.")
    spooled_bytes: Count = Field(default=0, description="Bytes of those.")
    dropped_records: Count = Field(
        default=0, description="Given up because the spool was full or they were too old."
    )


class Metadata(Record):
    """What a reader must know to trust the numbers. Agents may add keys of their own."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, StorableJson]

    unavailable: dict[Text, Text] = Field(
        default_factory=dict, description="JSON pointer -> why the value is null."
    )
    estimated: tuple[Text, ...] = Field(
        default=(), description="JSON pointers of values that the source only estimates."
    )
    partial: bool = Field(default=False, description="Some of the calls failed.")
    simulated: bool = Field(default=False, description="Made up by a simulation, nothing real.")
    interval_s: NonNegative | None = Field(
        default=None, description="Collection interval; a value older than three is stale."
    )
    source: SourceInfo = SourceInfo()
    agent: AgentInfo | None = None

    @model_validator(mode="before")
    @classmethod
    def _storable_keys(cls, data: Any) -> Any:
        # An agent's own keys are no declared texts, which `Text` would look after.
        if isinstance(data, dict) and any("\0" in str(name) for name in data):
            return {str(name).replace("\0", "\ufffd"): value for name, value in data.items()}
        return data


class OrchestratorMetrics(Record):
    """The specification's record. `orchestrator_id`, `collected_at` are additive."""

    id: UUID = Field(description="Names the sample; a retry of it has the same id.")
    orchestrator_id: OrchestratorId
    orchestrator_type: OrchestratorType
    instance_id: Text = Field(
        min_length=1,
        max_length=255,
        description="Name of the instance, as its agent's settings say.",
    )
    cluster_name: Text = Field(
        min_length=1,
        max_length=255,
        description="Cluster it belongs to, as its agent's settings say.",
    )
    collected_at: CollectedAt
    health: OrchestratorHealth
    capacity: CapacityMetrics | None
    scheduling: SchedulingPerformance | None
    queuing: QueueMetrics | None
    execution: ExecutionMetrics | None
    resources: ResourceAllocation | None
    networking: NetworkMetrics | None = None
    persistence: PersistenceMetrics | None = None
    metadata: Metadata = Metadata()

    def extra_metadata(self) -> dict[str, Any]:
        """The keys of `metadata` that are the agent's own."""
        return dict(self.metadata.model_extra or {})
