"""Records of one orchestrator and one pool, so many seconds after noon. No two are alike: the
seconds stand in every section, so that a value of the wrong record shows.
"""

from datetime import datetime, timedelta

from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    NetworkMetrics,
    OrchestratorMetrics,
    PersistenceMetrics,
    QueueMetrics,
    ResourceAllocation,
    SchedulingPerformance,
)
from contracts.worker_pool import PoolPerformance, WorkerPoolMetrics
from tests.records import NOON, orchestrator_record, pool_record, queue, worker

__all__ = ["LATER", "OWNER", "after_noon", "numbered", "with_queues", "with_workers"]

LATER = NOON + timedelta(seconds=15)
OWNER = orchestrator_record().orchestrator_id


def after_noon(seconds: int) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def numbered(at_s: int = 0, **overrides: object) -> OrchestratorMetrics:
    """A full record without queues."""
    fields: dict[str, object] = {
        "collected_at": after_noon(at_s),
        "capacity": CapacityMetrics(total_slots=at_s),
        "scheduling": SchedulingPerformance(queue_depth=at_s),
        "queuing": QueueMetrics(queues=(), backlog_size=at_s),
        "execution": ExecutionMetrics(completed_workflows=at_s),
        "resources": ResourceAllocation(tasks=at_s),
        "networking": NetworkMetrics(open_connections=at_s),
        "persistence": PersistenceMetrics(shards=at_s),
    }
    return orchestrator_record(**(fields | overrides))


def with_queues(*names: str, at_s: int = 0) -> OrchestratorMetrics:
    """A record whose queues have these names."""
    queues = tuple(queue(OWNER, name, after_noon(at_s), size=at_s) for name in names)
    return numbered(at_s, queuing=QueueMetrics(queues=queues, backlog_size=at_s))


def with_workers(*names: str, at_s: int = 0) -> WorkerPoolMetrics:
    """A record whose workers have these names."""
    workers = tuple(worker(name, tasks_completed=at_s) for name in names)
    return pool_record(
        collected_at=after_noon(at_s),
        workers=workers,
        total_workers=len(names),
        performance=PoolPerformance(throughput=at_s),
    )
