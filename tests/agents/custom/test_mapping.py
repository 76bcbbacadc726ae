import asyncio
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from agents.collector import CollectorError
from agents.custom import CustomCollector, CustomConfig
from agents.custom.targets import ORCHESTRATOR, POOL, QUEUE, UNITS, WORKER
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerStatus
from tests.agents.contract import (
    CollectorContract,
    assert_null,
    changed_to_something,
    leaves,
    records_of,
    unexplained_nulls,
)
from tests.agents.custom.scenes import MAPPING, Scene
from tests.agents.http_faults import EVERYWHERE, FAULTS


class TestCustomCollector(CollectorContract):
    def collector(self) -> CustomCollector:
        return Scene().collector

    def broken(self) -> CustomCollector:
        scene = Scene()
        scene.wire.fail(EVERYWHERE, FAULTS["refused"])
        return scene.collector


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    """The mapping with one thing otherwise."""
    mapping = deepcopy(MAPPING)
    place: Any = mapping
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = to
    return mapping


AT = {"source": "stats", "pointer": "/x"}


class TestSettings:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"capacity.usedSlot": AT}, "did you mean capacity.usedSlots"),
            ({"capacity.usedSlots": AT | {"pointer": "slots"}}, "no JSON pointer"),
            ({"capacity.usedSlots": AT | {"source": "nowhere"}}, "no source 'nowhere'"),
            ({"capacity.usedSlots": AT | {"unit": "ms"}}, "'ms' does not fit"),
            ({"health.uptime": AT | {"unit": "days"}}, "there is no unit 'days'"),
            ({"health.healthScore": AT}, "there is no field"),
            ({"queuing.backlogSize": AT | {"source": "metrics"}}, "give metric"),
            ({"queuing.backlogSize": AT | {"metric": "x"}}, "give pointer"),
        ],
    )
    def test_a_field_that_makes_no_sense_is_refused_by_name(
        self, fields: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            CustomConfig.model_validate(changed("fields", to=fields))

    @pytest.mark.parametrize(
        ("mapping", "message"),
        [
            (changed("queues", 0, "fields", to={"size": {"pointer": "/depth"}}), "needs a name"),
            (changed("pools", 0, "workers", "fields", to={"id": {"pointer": "/key"}}), "id and"),
            (changed("sources", to={}), "give sources"),
        ],
    )
    def test_a_mapping_that_makes_no_sense_is_refused_by_name(
        self, mapping: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ValueError, match=message):
            CustomConfig.model_validate(mapping)

    def test_every_time_share_and_size_has_a_unit(self) -> None:
        dimensioned = {
            name: target.unit
            for targets in (ORCHESTRATOR, QUEUE, WORKER, POOL)
            for name, target in targets.leaves.items()
        }

        assert dimensioned["scheduling.p95SchedulingLatency"] == "ms"
        assert dimensioned["health.uptime"] == "s"
        assert dimensioned["uptime"] == "s"
        assert dimensioned["execution.intervalS"] == "s"
        assert dimensioned["resources.memoryBytes"] == "bytes"
        assert dimensioned["capacity.capacityUtilization"] == "ratio"
        assert dimensioned["errorRate"] == "ratio"
        assert dimensioned["cpuUsage"] == "ratio"
        assert dimensioned["performance.utilization"] == "ratio"
        assert dimensioned["capacity.usedSlots"] is None
        assert set(dimensioned.values()) <= {*UNITS, None}


class TestValues:
    @pytest.fixture
    async def record(self) -> OrchestratorMetrics:
        scene = Scene()
        await scene.scrape()
        scene.counted['jobs_total{result="ok"}'] += 30
        scene.counted['jobs_total{result="failed"}'] += 3
        scene.stats["queues"][0]["put"] += 45
        return (await scene.scrape()).orchestrator

    def test_units_are_converted(self, record: OrchestratorMetrics) -> None:
        assert record.health.uptime == 90
        assert record.capacity is not None
        assert record.capacity.capacity_utilization == 0.25
        assert record.scheduling is not None
        assert record.scheduling.avg_scheduling_latency == 1500
        assert record.resources is not None
        assert record.resources.memory_bytes == 12.5 * 1024**2

    def test_series_are_summed(self, record: OrchestratorMetrics) -> None:
        assert record.queuing is not None
        assert record.queuing.backlog_size == 3

    def test_counters_become_gains(self, record: OrchestratorMetrics) -> None:
        assert record.execution is not None
        assert record.execution.completed_workflows == 30
        assert record.execution.failed_workflows == 3
        assert record.queuing is not None
        assert record.queuing.throughput == 33 / 15

    def test_a_list_becomes_queues(self, record: OrchestratorMetrics) -> None:
        assert record.queuing is not None
        mail, other = record.queuing.queues or ()
        assert (mail.name, mail.size, mail.arrival_rate) == ("mail", 3, 3)
        assert mail.oldest_message is not None
        assert (other.name, other.oldest_message) == ("a/b", None)
        why = record.metadata.unavailable["/queuing/queues/1/oldestMessage"]
        assert why == "stats /oldest: it is null"

    def test_what_is_not_mapped_says_so(self, record: OrchestratorMetrics) -> None:
        assert record.metadata.unavailable["/capacity/pendingWorkflows"] == "not mapped"

    async def test_an_object_becomes_workers(self) -> None:
        (pool,) = (await Scene().scrape()).pools

        assert [(worker.id, worker.status) for worker in pool.workers or ()] == [
            ("w1", WorkerStatus.ACTIVE),
            ("w2", WorkerStatus.IDLE),
            ("w3", WorkerStatus.FAILED),
        ]
        assert (pool.total_workers, pool.failed_workers) == (3, 1)
        assert (pool.workers or ())[0].memory_usage == 0.5
        assert pool.performance.throughput == 0.5

    async def test_labels_become_queues(self) -> None:
        by_label = {
            "source": "metrics",
            "each_label": "queue",
            "metric": "jobs_waiting",
            "fields": {"name": {"metric": "queue"}, "size": {"metric": "jobs_waiting"}},
        }
        scene = Scene(changed("queues", to=[by_label]))
        scene.counted['jobs_total{queue="nobody\'s",result="ok"}'] = 1

        record = (await scene.scrape()).orchestrator

        assert record.queuing is not None
        sizes = {queue.name: queue.size for queue in record.queuing.queues or ()}
        assert sizes == {"mail": 3, "a/b": 0}


class TestNothingUnknownIsZero:
    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            (None, "it is null"),
            ("8", "a text, not a number"),
            (True, "true or false, not a number"),
            (2.5, "2.5 is no whole number"),
            (-1, "greater than or equal to 0"),
            ({"a": 1}, "an object, not a number"),
        ],
    )
    async def test_a_value_of_another_kind(self, value: Any, reason: str) -> None:
        scene = Scene()
        scene.stats["slots"]["busy"] = value

        record = (await scene.scrape()).orchestrator

        assert_null(record, ("/capacity/usedSlots",))
        assert reason in record.metadata.unavailable["/capacity/usedSlots"]
        assert record.capacity is not None
        assert record.capacity.total_slots == 8

    async def test_a_counter_that_began_anew(self) -> None:
        scene = Scene()
        await scene.scrape()
        scene.counted['jobs_total{result="ok"}'] = 2

        record = (await scene.scrape()).orchestrator

        assert_null(record, ("/execution/completedWorkflows",))
        assert "began anew" in record.metadata.unavailable["/execution/completedWorkflows"]
        again = (await scene.scrape()).orchestrator
        assert again.execution is not None
        assert again.execution.completed_workflows == 0

    async def test_a_state_that_is_not_known_spoils_the_list_not_the_rest(self) -> None:
        scene = Scene()
        scene.stats["workers"]["w1"]["state"] = "confused"

        (pool,) = (await scene.scrape()).pools

        assert pool.workers is None
        assert pool.total_workers is None
        assert "'confused' is not one of values" in pool.metadata.unavailable["/workers"]

    async def test_a_series_that_is_gone(self) -> None:
        scene = Scene()
        del scene.counted['jobs_waiting{queue="mail"}']
        del scene.counted['jobs_waiting{queue="a/b"}']

        record = (await scene.scrape()).orchestrator

        assert_null(record, ("/queuing/backlogSize",))

    @pytest.mark.parametrize("source", ["stats", "metrics"])
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_a_source_that_fails_by_itself(self, source: str, fault: str) -> None:
        healthy, harmed = Scene(), Scene()
        for scene in (healthy, harmed):
            await scene.scrape()
        harmed.wire.fail(f"/{source}$", FAULTS[fault])

        well, ill = await healthy.scrape(), await harmed.scrape()

        usable = source == "stats" and fault in ("another shape", "a number", "null")
        assert bool(ill.orchestrator.health.errors) is not usable
        assert [each for each in changed_to_something(well, ill) if "name" not in each[0]] == []
        assert [place for each in records_of(ill) for place in unexplained_nulls(each)] == []

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_no_source_is_an_outage(self, fault: str) -> None:
        scene = Scene()
        scene.wire.fail(EVERYWHERE, FAULTS[fault])

        if fault in ("another shape", "a number", "null"):
            record = (await scene.scrape()).orchestrator  # JSON it is, but nothing that is mapped
            told = dict(leaves(record.to_wire()["capacity"]))
            assert set(told.values()) == {None}
            return
        with pytest.raises(CollectorError):
            await scene.scrape()


anything = some.recursive(
    some.none() | some.booleans() | some.floats() | some.integers() | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(
            some.sampled_from(
                ["slots", "busy", "queues", "workers", "state", "name", "depth", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(first=anything, second=anything)
def test_whatever_json_comes_nothing_breaks_and_nothing_is_made_up(
    first: object, second: object
) -> None:
    scene = Scene()
    known = scene.stats

    async def both() -> None:
        scene.stats = first
        await scene.scrape()
        scene.stats = known | second if isinstance(second, dict) else second
        batch = await scene.scrape()
        assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
        capacity = batch.orchestrator.capacity
        assert capacity is not None
        if capacity.used_slots is not None:
            assert isinstance(scene.stats, dict)
            assert scene.stats["slots"]["busy"] == capacity.used_slots

    asyncio.run(both())
