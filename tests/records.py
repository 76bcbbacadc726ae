"""Records as an agent makes them: every section filled, and consistent in itself."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from contracts.coordination import (
    ConflictMetrics,
    CoordinationMetrics,
    LeaderElectionInfo,
    LockingMetrics,
    OrderingMetrics,
    PartitionMetrics,
    StateMetrics,
)
from contracts.events import (
    CoordinationEvent,
    ScalingEvent,
    SchedulingDecision,
    SchedulingOutcome,
)
from contracts.health import (
    ComponentHealth,
    ComponentIssue,
    ComponentStatus,
    ComponentType,
    DiagnosticInfo,
    HealthStatus,
    OrchestratorError,
    OrchestratorHealth,
    ScorePart,
)
from contracts.identity import (
    orchestrator_id,
    pool_id,
    queue_id,
    sample_id,
    workflow_id,
)
from contracts.load_balancing import (
    BalancingEfficiency,
    FailoverMetrics,
    HealthCheckMetrics,
    LoadBalancingAlgorithm,
    LoadBalancingMetrics,
    WorkloadDistribution,
)
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    Metadata,
    NetworkMetrics,
    OrchestratorMetrics,
    OrchestratorType,
    PersistenceMetrics,
    QueueInfo,
    QueueMetrics,
    QueueType,
    RecentOutcomes,
    ResourceAllocation,
    ScalingMetrics,
    SchedulingPerformance,
    SourceInfo,
)
from contracts.topics import PublishedRecord
from contracts.worker_pool import (
    AutoScalingMetrics,
    PoolHealth,
    PoolPerformance,
    PoolResourceUsage,
    ScalingAction,
    ScalingDecision,
    WorkerInstance,
    WorkerPoolMetrics,
    WorkerStatus,
)
from contracts.worker_usage import WorkerUsage

__all__ = [
    "NOON",
    "coordination_event",
    "coordination_record",
    "load_balancing_record",
    "one_of_each",
    "orchestrator_record",
    "outage_record",
    "pool_record",
    "queue",
    "scaling_event",
    "scheduling_decision",
    "usage_record",
    "worker",
]

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
"""When a record was collected, unless a test says otherwise."""

ORCHESTRATOR = orchestrator_id("temporal", "eu-1", "orders")


def orchestrator_record(**overrides: object) -> OrchestratorMetrics:
    """A full record of three queues, collected at `NOON`.

    Takes every field of `OrchestratorMetrics`. `id` and `orchestrator_id` follow from the names
    and the time unless given.
    """
    fields: dict[str, object] = {
        "orchestrator_type": OrchestratorType.TEMPORAL,
        "instance_id": "orders",
        "cluster_name": "eu-1",
        "collected_at": NOON,
    } | overrides
    owner = fields.setdefault("orchestrator_id", _owner(fields))
    moment = fields["collected_at"]
    assert isinstance(owner, UUID)
    assert isinstance(moment, datetime)
    defaults: dict[str, object] = {
        "id": sample_id(owner, "orchestrator", moment),
        "health": _health(moment),
        "capacity": _capacity(),
        "scheduling": _scheduling(),
        "queuing": _queuing(owner, moment),
        "execution": _execution(),
        "resources": ResourceAllocation(cpu_cores=1.5, memory_bytes=734_003_200.0, tasks=412),
        "networking": NetworkMetrics(open_connections=31, pending_requests=2, bytes_per_s=51_200.5),
        "persistence": PersistenceMetrics(
            store="postgres12",
            visibility_store="postgres12",
            latency=3.25,
            request_rate=88.0,
            error_rate=0.001,
            shards=512,
            retention_s=259_200.0,
        ),
        "metadata": _metadata(),
    }
    return OrchestratorMetrics.model_validate(defaults | fields)


def outage_record(**overrides: object) -> OrchestratorMetrics:
    """What the runner publishes when nothing could be read: critical, every section null."""
    moment = overrides.get("collected_at", NOON)
    assert isinstance(moment, datetime)
    reason = "127.0.0.1:7233 did not answer within 10 s"
    sections = ("capacity", "scheduling", "queuing", "execution", "resources")
    further = ("networking", "persistence")
    outage: dict[str, object] = {
        "health": OrchestratorHealth(
            status=HealthStatus.CRITICAL,
            health_score=None,
            last_health_check=moment,
            errors=(
                OrchestratorError(
                    code="unreachable", message=reason, source="collect", occurred_at=moment
                ),
            ),
            diagnostics=DiagnosticInfo(coverage=0.0, status_reason=reason),
        ),
        "metadata": Metadata(
            unavailable={f"/{section}": reason for section in sections + further},
            interval_s=15.0,
        ),
    }
    nothing: dict[str, object] = dict.fromkeys(sections + further)
    return orchestrator_record(**(outage | nothing | overrides))


def pool_record(**overrides: object) -> WorkerPoolMetrics:
    """A full record of a pool of the orchestrator above: three workers, collected at `NOON`."""
    fields: dict[str, object] = {
        "orchestrator_id": ORCHESTRATOR,
        "pool_name": "orders-workers",
        "collected_at": NOON,
    } | overrides
    owner = fields["orchestrator_id"]
    moment = fields["collected_at"]
    assert isinstance(owner, UUID)
    assert isinstance(moment, datetime)
    pool = fields.setdefault("pool_id", pool_id(owner, str(fields["pool_name"])))
    assert isinstance(pool, UUID)
    defaults: dict[str, object] = {
        "id": sample_id(pool, "worker_pool", moment),
        "worker_type": "workflow+activity",
        "total_workers": 3,
        "active_workers": 1,
        "idle_workers": 1,
        "busy_workers": 1,
        "failed_workers": 0,
        "terminating_workers": 0,
        "workers": (
            worker("7@app-1", moment),
            worker("8@app-1", moment, status=WorkerStatus.BUSY, used_slots=100),
            worker("9@app-2", moment, status=WorkerStatus.IDLE, used_slots=0, current_task=None),
        ),
        "pool_health": PoolHealth(
            healthy_workers=3,
            unhealthy_workers=0,
            average_health=0.97,
            failure_rate=0.0,
            restart_count=1,
            communication_errors=0,
            resource_exhaustion=0,
        ),
        "resource_usage": PoolResourceUsage(
            cpu_usage=0.42, memory_usage=0.61, used_slots=140, total_slots=300
        ),
        "performance": PoolPerformance(
            throughput=11.5, avg_task_duration=812.0, error_rate=0.01, utilization=0.47
        ),
        "scaling": _scaling(moment),
        "metadata": _metadata(),
    }
    return WorkerPoolMetrics.model_validate(defaults | fields)


def usage_record(worker_id: str = "7@app-1", **overrides: object) -> WorkerUsage:
    """What a worker of that pool uses, collected at `NOON`."""
    moment = overrides.get("collected_at", NOON)
    assert isinstance(moment, datetime)
    defaults: dict[str, object] = {
        "id": sample_id(ORCHESTRATOR, "worker-usage", moment, worker_id),
        "orchestrator_id": ORCHESTRATOR,
        "worker_id": worker_id,
        "collected_at": moment,
        "cpu_usage": 0.375,
        "memory_usage": 0.625,
        "disk_usage": 0.125,
        "network_usage": 4_096.5,
        "metadata": Metadata(interval_s=15.0),
    }
    return WorkerUsage.model_validate(defaults | overrides)


def load_balancing_record(**overrides: object) -> LoadBalancingMetrics:
    """A full record of the pool above, collected at `NOON`."""
    fields: dict[str, object] = {
        "orchestrator_id": ORCHESTRATOR,
        "pool_id": pool_id(ORCHESTRATOR, "orders-workers"),
        "collected_at": NOON,
    } | overrides
    scope, moment = fields["pool_id"] or fields["orchestrator_id"], fields["collected_at"]
    assert isinstance(scope, UUID)
    assert isinstance(moment, datetime)
    defaults: dict[str, object] = {
        "id": sample_id(scope, "load_balancing", moment),
        "algorithm": LoadBalancingAlgorithm.CUSTOM,
        "distribution": WorkloadDistribution(
            worker_loads={"7@app-1": 0.4, "8@app-1": 1.0, "9@app-2": 0.0},
            load_unit="used slots / total slots",
            standard_deviation=0.411,
            imbalance_score=0.881,
            hotspots=("8@app-1",),
            underutilized=("9@app-2",),
            redistribution_count=3,
            fairness_index=0.563,
        ),
        "efficiency": BalancingEfficiency(load_variance=0.169, fairness_index=0.563),
        "health_checks": HealthCheckMetrics(checks=9, failed_checks=1, interval_s=5.0),
        "failover": FailoverMetrics(failovers=1, rerouted_tasks=2, last_failover=moment),
        "metadata": _metadata(),
    }
    return LoadBalancingMetrics.model_validate(defaults | fields)


def coordination_record(**overrides: object) -> CoordinationMetrics:
    """A full record of the orchestrator above, collected at `NOON`."""
    fields: dict[str, object] = {
        "orchestrator_id": ORCHESTRATOR,
        "collected_at": NOON,
    } | overrides
    owner, moment = fields["orchestrator_id"], fields["collected_at"]
    assert isinstance(owner, UUID)
    assert isinstance(moment, datetime)
    defaults: dict[str, object] = {
        "id": sample_id(owner, "coordination", moment),
        "consensus_protocol": "raft (etcd)",
        "leader_election": LeaderElectionInfo(
            current_leader="node-1", election_count=7, last_election=moment, failover_time=812.5
        ),
        "distributed_locking": LockingMetrics(active_locks=4, lock_wait_time=12.5),
        "state_management": StateMetrics(store="etcd", size_bytes=41_943_040.0, members=3),
        "message_ordering": OrderingMetrics(guarantee="per_key", redelivered=2),
        "conflict_resolution": ConflictMetrics(strategy="optimistic", conflicts=5, resolved=5),
        "partition_tolerance": PartitionMetrics(shards=512, unowned_shards=0, quorum=True),
        "metadata": _metadata(),
    }
    return CoordinationMetrics.model_validate(defaults | fields)


def scheduling_decision(name: str = "run-1", **overrides: object) -> SchedulingDecision:
    """One placement by the orchestrator above, at `NOON`."""
    defaults: dict[str, object] = {
        "id": sample_id(ORCHESTRATOR, "scheduling_decision", NOON, name),
        "orchestrator_id": ORCHESTRATOR,
        "workflow_id": workflow_id(ORCHESTRATOR, name),
        "decision_time": NOON,
        "scheduling_latency": 41.5,
        "queue_time": 60.25,
        "selected_worker": "7@app-1",
        "placement_constraints": {"zone": ["eu-1a", "eu-1b"]},
        "resource_requirements": {"slots": 1},
        "priority": 3,
        "decision_factors": {"queue": "orders", "attempt": 1, "run": name},
        "outcome": SchedulingOutcome.PLACED,
    }
    return SchedulingDecision.model_validate(defaults | overrides)


def coordination_event(name: str = "election-7", **overrides: object) -> CoordinationEvent:
    """One event of the orchestrator above, at `NOON`."""
    defaults: dict[str, object] = {
        "id": sample_id(ORCHESTRATOR, "coordination_event", NOON, name),
        "orchestrator_id": ORCHESTRATOR,
        "event_type": "leader_elected",
        "event_time": NOON,
        "details": {"term": 7, "from": "node-2"},
        "participants": ("node-1", "node-2"),
        "consensus_time": 812.5,
        "outcome": "elected",
        "errors": ("node-3 did not answer",),
    }
    return CoordinationEvent.model_validate(defaults | overrides)


def scaling_event(name: str = "up-1", **overrides: object) -> ScalingEvent:
    """The pool above grew, at `NOON`."""
    defaults: dict[str, object] = {
        "id": sample_id(ORCHESTRATOR, "scaling_event", NOON, name),
        "orchestrator_id": ORCHESTRATOR,
        "pool_id": pool_id(ORCHESTRATOR, "orders-workers"),
        "event_time": NOON,
        "action": ScalingAction.SCALE_UP,
        "from_count": 3,
        "to_count": 5,
        "reason": "backlog above 100 for 120 s",
        "trigger_metrics": {"backlog_items": 140.0},
        "success": True,
        "duration": 4_200.0,
        "cost_impact": 0.84,
        "command_id": uuid5(ORCHESTRATOR, name),
    }
    return ScalingEvent.model_validate(defaults | overrides)


def one_of_each() -> list[PublishedRecord]:
    """A full record of every kind that is published."""
    return [
        orchestrator_record(),
        pool_record(),
        usage_record(),
        load_balancing_record(),
        coordination_record(),
        scheduling_decision(),
        coordination_event(),
        scaling_event(),
    ]


def queue(owner: UUID, name: str, moment: datetime = NOON, **overrides: object) -> QueueInfo:
    """One queue with every field filled."""
    defaults: dict[str, object] = {
        "id": queue_id(owner, name),
        "name": name,
        "type": QueueType.FIFO,
        "size": 25,
        "consumers": 3,
        "processing_rate": 4.5,
        "arrival_rate": 5.25,
        "error_rate": 0.02,
        "avg_processing_time": 640.0,
        "oldest_message": moment - timedelta(seconds=42),
        "in_flight": 7,
        "priority_levels": {"3": 20, "5": 5},
    }
    return QueueInfo.model_validate(defaults | overrides)


def worker(name: str, moment: datetime = NOON, **overrides: object) -> WorkerInstance:
    """One worker with every field filled: some work, and room for more."""
    defaults: dict[str, object] = {
        "id": name,
        "hostname": name.partition("@")[2],
        "status": WorkerStatus.ACTIVE,
        "current_task": "ChargeCard",
        "tasks_completed": 5_120,
        "tasks_failed": 12,
        "cpu_usage": 0.31,
        "memory_usage": 0.52,
        "disk_usage": 0.1,
        "network_usage": 2_048.0,
        "uptime": 86_400.5,
        "last_heartbeat": moment - timedelta(seconds=3),
        "used_slots": 40,
        "total_slots": 100,
        "labels": {"build": "2026.3.1", "zone": "eu-1a"},
    }
    return WorkerInstance.model_validate(defaults | overrides)


def _owner(fields: dict[str, object]) -> UUID:
    kind = OrchestratorType(str(fields["orchestrator_type"]))
    return orchestrator_id(kind, str(fields["cluster_name"]), str(fields["instance_id"]))


def _health(moment: datetime) -> OrchestratorHealth:
    return OrchestratorHealth(
        status=HealthStatus.DEGRADED,
        health_score=0.84,
        components=(
            ComponentHealth(
                name="frontend",
                type=ComponentType.API,
                status=ComponentStatus.HEALTHY,
                latency=4.0,
                throughput=120.0,
                error_rate=0.0,
                last_check=moment,
            ),
            ComponentHealth(
                name="matching",
                type=ComponentType.QUEUE,
                status=ComponentStatus.DEGRADED,
                latency=35.0,
                last_check=moment,
                issues=(
                    ComponentIssue(
                        code="no_pollers", message="nobody polls `invoices`", since=moment
                    ),
                ),
            ),
            ComponentHealth(
                name="worker", type=ComponentType.EXECUTOR, status=None, last_check=moment
            ),
        ),
        last_health_check=moment,
        uptime=432_000.0,
        restarts=2,
        warnings=("the server is two minor versions behind",),
        diagnostics=DiagnosticInfo(
            coverage=0.8,
            score_parts=(
                ScorePart(
                    name="component_health",
                    weight=0.3,
                    effective_weight=0.375,
                    score=0.75,
                    contribution=0.28125,
                    raw={"degraded_count": 1.0},
                    evidence="1 of 2 known components is degraded",
                    repair="start a worker for `invoices`",
                    gain=0.09375,
                ),
            ),
            previous_status=HealthStatus.HEALTHY,
            status_reason="score 0.84 is below 0.9",
        ),
    )


def _capacity() -> CapacityMetrics:
    return CapacityMetrics(
        total_slots=300,
        available_slots=160,
        used_slots=140,
        pending_workflows=25,
        running_workflows=118,
        completed_workflows=46,
        failed_workflows=2,
        capacity_utilization=0.4667,
        peak_utilization=0.91,
        active_workers=3,
        scaling_metrics=ScalingMetrics(min_slots=100, max_slots=900, autoscaled=False),
    )


def _scheduling() -> SchedulingPerformance:
    return SchedulingPerformance(
        avg_scheduling_latency=21.5,
        p50_scheduling_latency=12.0,
        p95_scheduling_latency=80.0,
        p99_scheduling_latency=140.0,
        latency_histogram=LatencyHistogram(
            bounds_ms=(10.0, 50.0, 100.0, 500.0), counts=(40, 45, 10, 5, 0), sum_ms=2_150.0
        ),
        scheduling_throughput=6.7,
        scheduling_failures=0,
        queue_depth=25,
        priority_distribution={"3": 20, "5": 5},
        affinity_violations=0,
        resource_contentions=1,
        scheduling_algorithm="fifo",
        optimization_score=0.77,
    )


def _queuing(owner: UUID, moment: datetime) -> QueueMetrics:
    return QueueMetrics(
        queues=(
            queue(owner, "orders", moment),
            queue(owner, "invoices", moment, size=60, consumers=0, processing_rate=0.0),
            queue(owner, "mail", moment, type=QueueType.PRIORITY, size=0, oldest_message=None),
        ),
        total_messages=106,
        processing_rate=9.0,
        backlog_size=85,
        backlog_growing_for_s=120.0,
        avg_wait_time=2_300.0,
        max_wait_time=42_000.0,
        dead_letter_count=0,
        poison_message_count=1,
        queue_latency=2_300.0,
        throughput=9.0,
    )


def _execution() -> ExecutionMetrics:
    return ExecutionMetrics(
        completed_workflows=46,
        failed_workflows=2,
        canceled_workflows=1,
        retried_tasks=5,
        avg_duration=1_850.0,
        interval_s=15.0,
        recent=RecentOutcomes(completed=5_400, failed=61, window_s=3_600.0),
    )


def _scaling(moment: datetime) -> AutoScalingMetrics:
    return AutoScalingMetrics(
        enabled=True,
        min_workers=2,
        max_workers=9,
        current_target=3,
        scaling_decisions=(
            ScalingDecision(
                timestamp=moment,
                action=ScalingAction.SCALE_UP,
                from_count=2,
                to_count=3,
                reason="backlog grows",
                metrics={"backlog_size": 85.0},
                success=True,
                duration=900.0,
            ),
        ),
        scaling_efficiency=0.8,
        cost_optimization=0.6,
        predicted_demand=3.4,
    )


def _metadata() -> Metadata:
    return Metadata.model_validate(
        {
            "unavailable": {"/scheduling/affinityViolations": "Temporal has no affinity"},
            "estimated": ("/capacity/pendingWorkflows",),
            "interval_s": 15.0,
            "source": SourceInfo(versions={"server": "1.29.1"}, calls=14, scrape_time=183.0),
            "namespace": "default",
        }
    )
