"""What every collector promises, whatever it reads.

An agent's tests subclass `CollectorContract` and bring two collectors: one whose source answers
and one whose source cannot be reached.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.collector import Batch, Collector, CollectorError
from contracts.coordination import CoordinationMetrics
from contracts.identity import orchestrator_id, sample_id
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import decode, encode, schema_of, topic_of
from contracts.worker_pool import WorkerPoolMetrics

__all__ = [
    "NOW",
    "CollectorContract",
    "Explained",
    "as_json",
    "assert_null",
    "changed_to_something",
    "leaves",
    "records_of",
    "unexplained_nulls",
]

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

RUNNERS_BUSINESS = (
    "/health/healthScore",
    "/health/diagnostics",
    "/capacity/peakUtilization",
    "/scheduling/optimizationScore",
    "/queuing/backlogGrowingForS",
    "/execution/recent",
)
"""Scores and trailing windows: the runner fills them."""

NEVER_EXPLAINED = ("/metadata", "/health/errors", "/health/components/*/issues")

Explained = OrchestratorMetrics | WorkerPoolMetrics | LoadBalancingMetrics | CoordinationMetrics
"""Records that say why something is null."""


class CollectorContract(ABC):
    """Inherit, and give the two collectors."""

    @abstractmethod
    def collector(self) -> Collector[Any]:
        """One whose source answers as it ordinarily does."""

    @abstractmethod
    def broken(self) -> Collector[Any]:
        """One whose source cannot be reached."""

    def test_its_settings_name_the_agent(self) -> None:
        kind = self.collector().orchestrator_type

        settings = self.collector().config_model.model_fields
        assert settings["type"].default == kind.value

    def test_every_setting_is_described(self) -> None:
        settings = self.collector().config_model.model_fields

        assert [name for name, field in settings.items() if not field.description] == []

    def test_a_misspelt_setting_is_refused(self) -> None:
        model = self.collector().config_model

        with pytest.raises(ValueError, match="no_such_setting"):
            model.model_validate({"instance_id": "x", "no_such_setting": 1})

    async def test_the_records_survive_the_wire(self) -> None:
        async with self.collector() as collector:
            batch = await collector.collect(NOW)

        for record in batch.records():
            topic = topic_of(record)
            assert decode(topic, schema_of(topic), encode(record)) == record

    async def test_ids_name_the_instance_and_the_moment(self) -> None:
        async with self.collector() as collector:
            batch = await collector.collect(NOW)

        config = collector.config
        owner = orchestrator_id(
            collector.orchestrator_type, config.cluster_name, config.instance_id
        )
        assert batch.orchestrator.orchestrator_id == owner
        assert batch.orchestrator.id == sample_id(owner, "orchestrator", NOW)
        assert {pool.orchestrator_id for pool in batch.pools} <= {owner}
        assert len({pool.id for pool in batch.pools}) == len(batch.pools)

    async def test_a_retry_of_one_moment_has_the_same_ids(self) -> None:
        async with self.collector() as collector:
            first = await collector.collect(NOW)
        async with self.collector() as another:
            second = await another.collect(NOW)

        assert second.orchestrator.id == first.orchestrator.id
        assert [pool.id for pool in second.pools] == [pool.id for pool in first.pools]

    async def test_queues_and_pools_carry_ids(self) -> None:
        async with self.collector() as collector:
            batch = await collector.collect(NOW)

        queuing = batch.orchestrator.queuing
        queues = (queuing.queues if queuing else None) or ()
        assert None not in {queue.id for queue in queues}
        assert len({queue.id for queue in queues}) == len(queues)
        assert len({pool.pool_id for pool in batch.pools}) == len(batch.pools)

    async def test_every_null_has_a_reason(self) -> None:
        async with self.collector() as collector:
            first = await collector.collect(NOW)
            second = await collector.collect(NOW + timedelta(seconds=collector.config.interval_s))

        records = [*records_of(first), *records_of(second)]
        assert [found for record in records for found in unexplained_nulls(record)] == []

    async def test_what_has_a_reason_is_null(self) -> None:
        async with self.collector() as collector:
            batch = await collector.collect(NOW)

        for record in records_of(batch):
            explained = record.metadata.unavailable
            known = {place for place, value in leaves(record.to_wire()) if value is not None}
            assert sorted(known & explained.keys()) == []

    async def test_scores_and_windows_are_left_to_the_runner(self) -> None:
        async with self.collector() as collector:
            record = (await collector.collect(NOW)).orchestrator

        filled = dict(leaves(record.to_wire()))
        assert [place for place in RUNNERS_BUSINESS if filled.get(place) is not None] == []

    async def test_a_record_tells_where_it_comes_from(self) -> None:
        async with self.collector() as collector:
            record = (await collector.collect(NOW)).orchestrator

        source = record.metadata.source
        assert record.collected_at == NOW
        assert record.metadata.interval_s == collector.config.interval_s
        assert source.versions
        assert source.calls > 0
        assert source.scrape_time is not None

    async def test_the_workers_of_a_pool_add_up(self) -> None:
        async with self.collector() as collector:
            pools = (await collector.collect(NOW)).pools

        for pool in pools:
            counts = (
                pool.idle_workers,
                pool.active_workers,
                pool.busy_workers,
                pool.failed_workers,
                pool.terminating_workers,
            )
            known = [count for count in counts if count is not None]
            if len(known) == len(counts):
                assert pool.total_workers == sum(known)
            if pool.workers is not None:
                assert pool.total_workers == len(pool.workers)

    async def test_an_outage_is_an_error_with_a_code(self) -> None:
        async with self.broken() as collector:
            with pytest.raises(CollectorError) as caught:
                await collector.collect(NOW)

        assert caught.value.code != CollectorError.code
        assert str(caught.value)

    async def test_it_closes_twice(self) -> None:
        collector = self.collector()
        await collector.collect(NOW)

        await collector.aclose()
        await collector.aclose()


def records_of(batch: Batch) -> list[Explained]:
    """The records of a batch; events carry no reasons."""
    return [record for record in batch.records() if isinstance(record, Explained)]


def unexplained_nulls(record: Explained) -> list[str]:
    """JSON pointers of nulls for which neither the record nor the runner is to answer.

    A reason may stand at the value, at a part above it, or, with `*` for an index, for all
    elements of a list.
    """
    reasons = record.metadata.unavailable
    return [
        place
        for place, value in leaves(record.to_wire())
        if value is None
        and not _within(place, RUNNERS_BUSINESS)
        and not _within(place, NEVER_EXPLAINED)
        and not _within(place, tuple(reasons))
    ]


def changed_to_something(healthy: Batch, harmed: Batch) -> Iterator[tuple[str, Any, Any]]:
    """Values of the healthy batch that the harmed one gives otherwise, and not as null."""
    assert [pool.pool_name for pool in harmed.pools] == [pool.pool_name for pool in healthy.pools]
    for well, ill in zip(records_of(healthy), records_of(harmed), strict=True):
        ill_values = dict(leaves(ill.to_wire()))
        for place, value in leaves(well.to_wire()):
            if place.startswith(("/health", "/metadata")):
                continue
            parents = [place.rsplit("/", cut)[0] for cut in range(place.count("/"))]
            given = next((ill_values[each] for each in parents if each in ill_values), "absent")
            if given == {} and set(parents) & ill.metadata.unavailable.keys():
                continue  # a map cannot be null: it is empty and says why
            if given is not None and given != value:
                yield place, value, given


def as_json(batch: Batch) -> dict[str, Any]:
    """A batch as on the wire."""
    return {
        "orchestrator": batch.orchestrator.to_wire(),
        "pools": [pool.to_wire() for pool in batch.pools],
        "loadBalancing": [record.to_wire() for record in batch.load_balancing],
        "coordination": batch.coordination and batch.coordination.to_wire(),
        "events": [event.to_wire() for event in batch.events],
    }


def assert_null(record: Explained, places: tuple[str, ...]) -> None:
    """The values at these JSON pointers are null, and the record says why."""
    values = dict(leaves(record.to_wire()))
    starred = {re.sub(r"/\d+/", "/*/", place) for place in record.metadata.unavailable}
    assert [place for place in places if values[place] is not None] == []
    assert [place for place in places if re.sub(r"/\d+/", "/*/", place) not in starred] == []


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a JSON document that has no parts, with its pointer."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from leaves(part, f"{place}/{name}")
    elif isinstance(value, list) and value:
        for index, part in enumerate(value):
            yield from leaves(part, f"{place}/{index}")
    else:
        yield place, value


def _within(place: str, roots: tuple[str, ...]) -> bool:
    parts = place.split("/")
    starred = "/".join("*" if part.isdecimal() else part for part in parts)
    return any(
        each == root or each.startswith(f"{root}/") for root in roots for each in (place, starred)
    )
