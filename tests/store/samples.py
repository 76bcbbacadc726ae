"""Records of one orchestrator and one pool, so many seconds after noon."""

from datetime import timedelta

from contracts.orchestrator import OrchestratorMetrics, QueueMetrics
from contracts.worker_pool import WorkerPoolMetrics
from tests.records import NOON, orchestrator_record, pool_record, queue, worker

__all__ = ["LATER", "OWNER", "with_queues", "with_workers"]

LATER = NOON + timedelta(seconds=15)
OWNER = orchestrator_record().orchestrator_id


def with_queues(*names: str, at_s: float = 0) -> OrchestratorMetrics:
    """A record whose queues have these names."""
    moment = NOON + timedelta(seconds=at_s)
    queues = tuple(queue(OWNER, name, moment) for name in names)
    return orchestrator_record(collected_at=moment, queuing=QueueMetrics(queues=queues))


def with_workers(*names: str, at_s: float = 0) -> WorkerPoolMetrics:
    """A record whose workers have these names."""
    moment = NOON + timedelta(seconds=at_s)
    return pool_record(collected_at=moment, workers=tuple(worker(name) for name in names))
