"""Any record that validates goes the whole way, and comes out of the API as it went in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agents.forwarder import Forwarder
from agents.spool import Spool
from api.models import LoadBalancingItem, WorkerPoolItem
from bus.direct import DirectBus
from contracts.coordination import CoordinationMetrics
from contracts.events import CoordinationEvent, ScalingEvent, SchedulingDecision
from contracts.identity import orchestrator_id, pool_id, queue_id
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics, OrchestratorType, QueueInfo
from contracts.topics import PublishedRecord, time_of
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics
from ingest.service import Ingest
from store.write import Writer
from tests.api.world import PREFIX, TOKEN, World
from tests.strategies import records

E = TypeVar("E", CoordinationMetrics, SchedulingDecision, CoordinationEvent, ScalingEvent)

PATIENCE_S = 60.0
LAST_HOUR = datetime.max.replace(tzinfo=UTC) - timedelta(hours=1)
"""No record is from the future for a clock that stands there."""
SERIAL = count(1)

# Each example goes through a database: to shrink one that fails would take minutes.
whole_way = settings(
    max_examples=50,
    phases=(Phase.explicit, Phase.generate),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


class Way:
    """From an agent's spool, over the bus and through ingest into the database, and out again."""

    def __init__(self, world: World, forwarder: Forwarder, client: httpx.AsyncClient) -> None:
        self._world = world
        self._forwarder = forwarder
        self._client = client

    async def send(self, record: PublishedRecord) -> None:
        """Return when it has arrived; the API's clock then stands at its time."""
        self._world.clock.now = time_of(record)
        await self._forwarder.put([record], self._world.clock.now)
        assert await self._forwarder.drained(PATIENCE_S)

    async def get(self, path: str) -> Any:
        answer = await self._client.get(f"{PREFIX}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def running(world: World, folder: Path) -> AsyncIterator[Way]:
    assert world.pool is not None
    async with (
        Spool(folder / "spool.db") as spool,
        DirectBus() as bus,
        world.client(authorization=f"Bearer {TOKEN}") as client,
    ):
        forwarder = Forwarder(spool, bus)
        tasks = [
            asyncio.create_task(forwarder.run()),
            asyncio.create_task(Ingest(bus, Writer(world.pool), utc_now=lambda: LAST_HOUR).run()),
        ]
        yield Way(world, forwarder, client)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@pytest.fixture
async def way(world: World, tmp_path: Path) -> AsyncIterator[Way]:
    async with running(world, tmp_path) as made:
        yield made


def fresh() -> UUID:
    """Never given before: examples repeat themselves in part, and a known id is a known record."""
    return UUID(int=next(SERIAL))


@st.composite
def owned(draw: st.DrawFn, model: type[E]) -> E:
    """Of an orchestrator that has no other record."""
    return draw(records(model, {"id": fresh(), "orchestrator_id": fresh()}))


@st.composite
def load_balancing_records(draw: st.DrawFn) -> LoadBalancingMetrics:
    """Of an orchestrator that has no other record, whole or of one of its pools."""
    fixed = {
        "id": fresh(),
        "orchestrator_id": fresh(),
        "pool_id": draw(st.none() | st.just(fresh())),
    }
    return draw(records(LoadBalancingMetrics, fixed))


@st.composite
def orchestrators(draw: st.DrawFn) -> OrchestratorMetrics:
    """With the ids that follow from the names, each queue named once."""
    kind, instance = draw(st.sampled_from(list(OrchestratorType))), str(fresh())
    owner = orchestrator_id(kind, "c", instance)
    record = draw(
        records(
            OrchestratorMetrics,
            {
                "id": fresh(),
                "orchestrator_type": kind,
                "cluster_name": "c",
                "instance_id": instance,
                "orchestrator_id": owner,
            },
        )
    )
    queues = record.queuing.queues if record.queuing else None
    if record.queuing is None or queues is None:
        return record
    named = {each.name: identified(each, owner) for each in queues}
    ordered = tuple(named[name] for name in sorted(named))
    queuing = record.queuing.model_copy(update={"queues": ordered})
    return record.model_copy(update={"queuing": queuing})


def identified(queue: QueueInfo, owner: UUID) -> QueueInfo:
    return queue.model_copy(update={"id": queue_id(owner, queue.name)})


@st.composite
def pools(draw: st.DrawFn) -> WorkerPoolMetrics:
    """With the id that follows from the name, each worker there once."""
    owner = fresh()
    name = draw(st.text(min_size=1, max_size=255).map(lambda text: text.replace("\0", "_")))
    names = {"orchestrator_id": owner, "pool_name": name, "pool_id": pool_id(owner, name)}
    record = draw(records(WorkerPoolMetrics, {"id": fresh()} | names))
    workers = {worker.id: worker for worker in record.workers or ()}
    known = None if record.workers is None else tuple(workers.values())
    return record.model_copy(update={"workers": known, "page": None})


@whole_way
@given(record=orchestrators())
async def test_orchestrators(way: Way, record: OrchestratorMetrics) -> None:
    await way.send(record)
    frame = await way.get(f"orchestrators/{record.orchestrator_id}")

    read = OrchestratorMetrics.model_validate(frame["record"])
    if read.queuing is not None and read.queuing.queues is not None:
        ordered = tuple(sorted(read.queuing.queues, key=lambda queue: queue.name))
        queuing = read.queuing.model_copy(update={"queues": ordered})
        read = read.model_copy(update={"queuing": queuing})
    assert read == record


@whole_way
@given(record=pools())
async def test_worker_pools(way: Way, record: WorkerPoolMetrics) -> None:
    await way.send(record)
    item = WorkerPoolItem.model_validate(await way.get(f"worker-pools/{record.pool_id}"))
    workers = await way.get(f"worker-pools/{record.pool_id}/workers")

    read = {name: value for name, value in item if name in WorkerPoolMetrics.model_fields}
    assert read == {name: value for name, value in record if name not in {"workers", "page"}}
    found = [WorkerInstance.model_validate(each) for each in workers["items"]]
    assert {each.id: each for each in found} == {each.id: each for each in record.workers or ()}


@whole_way
@given(record=load_balancing_records())
async def test_load_balancing(way: Way, record: LoadBalancingMetrics) -> None:
    await way.send(record)
    answer = await way.get(f"orchestrators/{record.orchestrator_id}/load-balancing")

    items = [LoadBalancingItem.model_validate(item) for item in answer["items"]]
    fields = LoadBalancingMetrics.model_fields
    found = [{name: value for name, value in item if name in fields} for item in items]
    assert dict(record) in found


@whole_way
@given(record=owned(CoordinationMetrics))
async def test_coordination(way: Way, record: CoordinationMetrics) -> None:
    await way.send(record)
    answer = await way.get(f"orchestrators/{record.orchestrator_id}/coordination")

    assert CoordinationMetrics.model_validate(answer["coordination"]) == record


@whole_way
@given(event=owned(SchedulingDecision))
async def test_scheduling_decisions(way: Way, event: SchedulingDecision) -> None:
    await way.send(event)
    answer = await way.get(f"orchestrators/{event.orchestrator_id}/events")

    assert event in [SchedulingDecision.model_validate(item) for item in answer["items"]]


@whole_way
@given(event=owned(CoordinationEvent))
async def test_coordination_events(way: Way, event: CoordinationEvent) -> None:
    await way.send(event)
    path = f"orchestrators/{event.orchestrator_id}/events?kind=coordination_event"
    answer = await way.get(path)

    assert event in [CoordinationEvent.model_validate(item) for item in answer["items"]]


@whole_way
@given(event=owned(ScalingEvent))
async def test_scaling_events(way: Way, event: ScalingEvent) -> None:
    await way.send(event)
    answer = await way.get(f"worker-pools/{event.pool_id}/scaling-events")

    assert event in [ScalingEvent.model_validate(item) for item in answer["items"]]
