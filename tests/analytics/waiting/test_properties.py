"""Whatever records say, a chain is told or ends with what is not known."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.waiting.chain import waiting_causes
from analytics.waiting.fleet import Fleet, Watched
from contracts.orchestrator import Metadata, OrchestratorType, QueueMetrics
from contracts.worker_pool import WorkerStatus
from tests.records import NOON, ORCHESTRATOR, orchestrator_record, pool_record, queue, worker

SHAPES = st.sampled_from(
    [
        {},
        {"airflow": {"pools": {"x": {"slots": 1, "occupied": 1, "queued": 1, "scheduled": 1}}}},
        {"airflow": {"pools": 7}, "argo": None, "prefect": [], "kubernetes": "x"},
        {"argo": {"waitingByCause": {"limit": 2, "lock": 0}}, "kubernetes": {"clusterId": "c"}},
        {"kubernetes": {"pendingReasons": {"Insufficient cpu": 1}}, "prefect": {}},
    ]
)


NAMES = ("pool:x", "x", "workflows", "pods", "lock/a", "kueue/a", "pending/0", "x/workflow")
QUEUES = st.lists(
    st.builds(
        lambda name, **fields: queue(ORCHESTRATOR, name, **fields),
        st.sampled_from(NAMES),
        size=st.none() | st.integers(0, 3),
        in_flight=st.none() | st.integers(0, 2),
        oldest_message=st.none() | st.just(NOON),
    ),
    max_size=4,
    unique_by=lambda each: each.name,
)
WORKERS = st.none() | st.lists(
    st.builds(
        lambda status, slots, pod: worker(
            f"w@{pod}", status=status, used_slots=slots, total_slots=slots, labels={"pod": pod}
        ),
        st.sampled_from(list(WorkerStatus)),
        st.none() | st.integers(0, 2),
        st.sampled_from(["shop/a", "b", ""]),
    ),
    max_size=3,
)
POOLS = st.lists(
    st.builds(
        lambda name, kind, workers: pool_record(pool_name=name, worker_type=kind, workers=workers),
        st.sampled_from(["x", "deployment/shop/a"]),
        st.sampled_from(["node-pool", "deployment", "celery-executor"]),
        WORKERS,
    ),
    max_size=2,
)


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    """Some orchestrators of any type, with queues and pools of any workers."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        record = orchestrator_record(
            orchestrator_type=draw(st.sampled_from(list(OrchestratorType))),
            instance_id=str(number),
            queuing=draw(st.none() | st.builds(QueueMetrics, queues=st.none() | QUEUES)),
            metadata=Metadata.model_validate(draw(SHAPES)),
        )
        found.append(Watched(record, draw(POOLS), draw(st.sampled_from([None, "old"]))))
    return Fleet(found)


@given(fleet=fleets())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_chain_is_told(fleet: Fleet) -> None:
    for each in fleet.watched:
        found = waiting_causes(fleet, each.id)

        assert bool(found.causes) != bool(found.reason)
        for cause in found.causes:
            assert cause.links or cause.unknown
            assert cause.waiting
            assert all(link.clause in cause.sentence for link in cause.links)
            assert len(cause.evidence) == len(cause.links)
