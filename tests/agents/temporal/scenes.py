"""Ready-made namespaces for the tests, and a collector that watches one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agents.collector import Batch
from agents.temporal import TemporalCollector, TemporalConfig
from contracts.orchestrator import QueueInfo
from contracts.worker_pool import WorkerPoolMetrics
from tests.agents.contract import NOW
from tests.agents.temporal.fake import FakeMetrics, FakeTemporal, FakeWorkflow, heartbeat

__all__ = ["METRICS_URL", "Watched", "busy_shop", "pool_of", "queue_of"]

METRICS_URL = "http://metrics.test/metrics"
STEP_S = 15.0


@dataclass
class Watched:
    """A namespace, its metrics and a collector that scrapes both every 15 seconds."""

    temporal: FakeTemporal
    metrics: FakeMetrics
    collector: TemporalCollector = field(init=False)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.configure()

    def configure(self, **settings: object) -> None:
        """Begin anew with other settings."""
        self.collector = TemporalCollector(
            TemporalConfig.model_validate(
                {
                    "instance_id": "shop-prod",
                    "namespace": "shop",
                    "metrics_urls": (METRICS_URL,),
                    "describe_calls_per_s": 1000,
                }
                | settings
            ),
            connection=self.temporal,
            transport=self.metrics.transport(),
            clock=self.seconds,
        )

    def seconds(self) -> float:
        """The collector's monotonic clock."""
        return (self.now - NOW).total_seconds()

    async def scrape(self) -> Batch:
        """Scrape now; the next scrape comes 15 s later."""
        try:
            return await self.collector.collect(self.now)
        finally:
            self.now += timedelta(seconds=STEP_S)


def busy_shop() -> Watched:
    """`orders` has a busy worker and work in both kinds; 25 workflows wait on `orphans`."""
    temporal = FakeTemporal()
    orders = temporal.queue("orders")
    orders.add_rate, orders.dispatch_rate = 2.0, 1.5
    orders.pollers["w1@host"] = NOW
    activities = temporal.queue("orders", "activity")
    activities.backlog, activities.age_s = 7, 4.0
    activities.add_rate, activities.dispatch_rate = 3.0, 2.5
    activities.pollers["w1@host"] = NOW
    orphans = temporal.queue("orphans")
    orphans.backlog, orphans.age_s = 25, 60.0
    temporal.workflows = [FakeWorkflow() for _ in range(3)]
    temporal.workflows += [FakeWorkflow("orphans") for _ in range(25)]
    temporal.workers = [heartbeat(NOW, used=3, processed=40, failed=4)]
    metrics = FakeMetrics(
        {
            'service_requests{operation="StartWorkflowExecution",service_name="frontend"}': 10,
            'service_requests{operation="AddWorkflowTask",service_name="matching"}': 10,
            'service_requests{operation="RecordWorkflowTaskStarted",service_name="history"}': 10,
            'service_latency_bucket{service_name="frontend",le="0.001"}': 0,
            'persistence_requests{operation="UpdateShard",service_name="history"}': 50,
            'persistence_latency_sum{operation="UpdateShard",service_name="history"}': 1,
            'persistence_latency_count{operation="UpdateShard",service_name="history"}': 50,
            'cache_requests{cache_type="mutablestate",service_name="history"}': 50,
            'memory_heapinuse{service_name="frontend"}': 1000000,
            'memory_heapinuse{service_name="history"}': 1000000,
            'num_goroutines{service_name="frontend"}': 900,
            'gomaxprocs{service_name="frontend"}': 2,
            'service_grpc_conn_active{service_name="frontend"}': 2,
            'service_grpc_conn_active{service_name="history"}': 3,
            'service_pending_requests{operation="PollActivityTaskQueue"}': 6,
        }
    )
    return Watched(temporal, metrics)


def queue_of(batch: Batch, name: str) -> QueueInfo:
    """One queue of the record."""
    queuing = batch.orchestrator.queuing
    assert queuing is not None
    return next(queue for queue in queuing.queues or () if queue.name == name)


def pool_of(batch: Batch, name: str) -> WorkerPoolMetrics:
    """The pool of one task queue."""
    return next(pool for pool in batch.pools if pool.pool_name == name)
