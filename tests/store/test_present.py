"""What a batch makes of the present: the newest that is known of everything, however it came."""

import itertools

import pytest

from agents.paging import paged
from contracts.orchestrator import CapacityMetrics, QueueMetrics
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from store.write import Writer
from tests.records import NOON, orchestrator_record, outage_record, pool_record, worker
from tests.store.database import Pool, contents, present, present_queues, rows, value
from tests.store.samples import LATER, with_queues, with_workers


async def test_latest_holds_what_history_holds(pool: Pool, writer: Writer) -> None:
    await writer.write([orchestrator_record(), pool_record()])

    (latest,) = await rows(pool, "orchestrator_latest")
    (history,) = await rows(pool, "orchestrator_metrics")
    (pool_latest,) = await rows(pool, "worker_pool_latest")
    (pool_history,) = await rows(pool, "worker_pool_metrics")
    assert {name: latest[name] for name in history.keys() & latest.keys()} == {
        name: history[name] for name in history.keys() & latest.keys()
    }
    assert latest.keys() - history.keys() == {
        *(name for name in latest if name.endswith("_at") and name != "collected_at")
    }
    assert {name: pool_history[name] for name in pool_latest if name != "workers_at"} == {
        name: pool_latest[name] for name in pool_latest if name != "workers_at"
    }


async def test_identities_say_since_when_and_until_when(pool: Pool, writer: Writer) -> None:
    await writer.write([orchestrator_record(collected_at=LATER), pool_record(collected_at=LATER)])
    await writer.write([orchestrator_record(), pool_record()])

    for table in ("orchestrators", "worker_pools", "queues"):
        for row in await rows(pool, table):
            assert (row["first_seen"], row["last_seen"]) == (NOON, LATER)


async def test_late_record_is_history_only(pool: Pool, writer: Writer) -> None:
    await writer.write([with_queues("a", at_s=15), with_workers("w1", at_s=15)])
    before = await contents(pool)

    result = await writer.write([with_queues("a", at_s=7), with_workers("w1", at_s=7)])

    after = await contents(pool)
    assert result.inserted == 2
    for table in ("orchestrator_latest", "worker_pool_latest", "worker_instances", "queue_latest"):
        assert after[table] == before[table]


async def test_outage_keeps_the_last_good_sections_with_their_time(
    pool: Pool, writer: Writer
) -> None:
    await writer.write([orchestrator_record()])

    await writer.write([outage_record(collected_at=LATER)])

    (latest,) = await rows(pool, "orchestrator_latest")
    history = await rows(pool, "orchestrator_metrics")
    (good,) = [row for row in history if row["collected_at"] == NOON]
    assert latest["collected_at"] == LATER
    assert latest["health"]["status"] == "critical"  # type: ignore[index]  # a JSON column
    for section in ("capacity", "scheduling", "queuing", "execution", "resources", "networking"):
        assert latest[section] == good[section] is not None
        assert latest[f"{section}_at"] == NOON
    assert len(await rows(pool, "queue_latest")) == 3


async def test_outage_of_an_orchestrator_never_seen_is_kept(pool: Pool, writer: Writer) -> None:
    await writer.write([outage_record()])

    (latest,) = await rows(pool, "orchestrator_latest")
    assert latest["capacity"] is latest["capacity_at"] is latest["queues_at"] is None


async def test_late_record_gives_the_section_an_outage_lacks(pool: Pool, writer: Writer) -> None:
    await writer.write([outage_record(collected_at=LATER)])

    await writer.write([orchestrator_record(capacity=CapacityMetrics(total_slots=7))])

    (latest,) = await rows(pool, "orchestrator_latest")
    assert latest["collected_at"] == LATER
    assert latest["capacity_at"] == NOON
    assert latest["capacity"]["totalSlots"] == 7  # type: ignore[index]  # a JSON column


async def test_newest_of_one_batch_wins(pool: Pool, writer: Writer) -> None:
    batch = [with_queues("a", at_s=15), with_queues("a", "b"), with_queues("c", at_s=7)]

    await writer.write([*batch, with_workers("w2", at_s=15), with_workers("w1")])

    (latest,) = await rows(pool, "orchestrator_latest")
    assert latest["collected_at"] == LATER
    assert await present_queues(pool) == {"a"}
    assert await present(pool, "worker_instances", "worker_id") == {"w2"}


async def test_queue_that_is_gone_leaves_the_present_not_the_history(
    pool: Pool, writer: Writer
) -> None:
    await writer.write([with_queues("a", "b")])

    await writer.write([with_queues("b", "c", at_s=15)])

    assert await present_queues(pool) == {"b", "c"}
    assert await value(pool, "SELECT count(*) FROM queue_metrics") == 4


async def test_late_record_does_not_bring_back_a_queue(pool: Pool, writer: Writer) -> None:
    await writer.write([with_queues("a", "b")])
    await writer.write([with_queues(at_s=15)])

    await writer.write([with_queues("a", at_s=7)])

    assert await present_queues(pool) == set()


async def test_unknown_queues_leave_the_known_ones(pool: Pool, writer: Writer) -> None:
    await writer.write([with_queues("a")])

    await writer.write(
        [orchestrator_record(collected_at=LATER, queuing=QueueMetrics(queues=None, backlog_size=3))]
    )

    (latest,) = await rows(pool, "orchestrator_latest")
    assert (latest["queues_at"], latest["queuing_at"]) == (NOON, LATER)
    assert await present_queues(pool) == {"a"}


async def test_queue_that_a_source_names_twice_is_one(pool: Pool, writer: Writer) -> None:
    await writer.write([with_queues("a", "a", "b")])

    assert await present_queues(pool) == {"a", "b"}
    assert await value(pool, "SELECT count(*) FROM queue_metrics") == 2


async def test_workers_are_those_of_the_newest_record(pool: Pool, writer: Writer) -> None:
    await writer.write([with_workers("w1", "w2")])

    await writer.write([with_workers("w2", "w3", at_s=15)])

    assert await present(pool, "worker_instances", "worker_id") == {"w2", "w3"}
    assert await present(pool, "worker_pool_latest", "workers_at") == {LATER}


async def test_late_record_does_not_bring_back_a_worker(pool: Pool, writer: Writer) -> None:
    await writer.write([with_workers("w1", "w2")])
    await writer.write([with_workers(at_s=15)])

    await writer.write([with_workers("w1", at_s=7)])

    assert await present(pool, "worker_instances", "worker_id") == set()


async def test_unknown_workers_leave_the_known_ones(pool: Pool, writer: Writer) -> None:
    await writer.write([with_workers("w1")])

    await writer.write([pool_record(collected_at=LATER, workers=None)])

    (latest,) = await rows(pool, "worker_pool_latest")
    assert (latest["collected_at"], latest["workers_at"]) == (LATER, NOON)
    assert await present(pool, "worker_instances", "worker_id") == {"w1"}


async def test_only_changed_workers_are_written(pool: Pool, writer: Writer) -> None:
    moving = worker("w1").model_copy(update={"status": WorkerStatus.BUSY})
    await writer.write([pool_record(workers=(worker("w1"), worker("w2")))])
    before = {row["worker_id"]: row["ctid"] for row in await versions(pool)}

    await writer.write([pool_record(collected_at=LATER, workers=(moving, worker("w2")))])

    after = {row["worker_id"]: row["ctid"] for row in await versions(pool)}
    assert {name for name in after if after[name] != before[name]} == {"w1"}
    assert {row["worker_id"]: row["status"] for row in await rows(pool, "worker_instances")} == {
        "w1": "busy",
        "w2": "active",
    }


async def versions(pool: Pool) -> list[dict[str, object]]:
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT worker_id, ctid::TEXT FROM worker_instances")
        return [{"worker_id": name, "ctid": ctid} for name, ctid in await cursor.fetchall()]


async def test_same_worker_name_in_two_pools_is_two_workers(pool: Pool, writer: Writer) -> None:
    one = pool_record(pool_name="one", workers=(worker("w1"),))
    two = pool_record(pool_name="two", workers=(worker("w1"),))

    await writer.write([one, two])

    assert len(await rows(pool, "worker_instances")) == 2


async def test_pool_may_be_heard_of_before_its_orchestrator(pool: Pool, writer: Writer) -> None:
    result = await writer.write([pool_record()])

    assert result.inserted == 1
    assert await rows(pool, "orchestrators") == []


def pages(*names: str, at_s: int = 0) -> list[WorkerPoolMetrics]:
    """Two workers a page."""
    whole = with_workers(*names, at_s=at_s)
    return [page for page in paged(whole, max_workers=2) if isinstance(page, WorkerPoolMetrics)]


async def test_pages_of_a_pool_are_joined(pool: Pool, writer: Writer) -> None:
    for page in pages("w1", "w2", "w3", "w4", "w5"):
        await writer.write([page])

    assert await present(pool, "worker_instances", "worker_id") == {"w1", "w2", "w3", "w4", "w5"}
    assert len(await rows(pool, "worker_pool_metrics")) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[1:])
async def test_pages_come_in_any_order_and_twice(
    pool: Pool, writer: Writer, order: tuple[int, ...]
) -> None:
    await writer.write(pages("w1", "w2", "w3", "w4", "w5"))
    newer = pages("w1", "w3", "w4", "w6", "w7", at_s=15)
    for number in order:
        await writer.write([newer[number]])
        await writer.write([newer[number]])

    assert await present(pool, "worker_instances", "worker_id") == {"w1", "w3", "w4", "w6", "w7"}
    assert await present(pool, "worker_instances", "tasks_completed") == {15}


async def test_pages_of_two_samples_in_one_batch(pool: Pool, writer: Writer) -> None:
    older, newer = pages("w1", "w2", "w3"), pages("w2", "w4", "w5", at_s=15)
    await writer.write([*newer, *older, *newer])
    await writer.write(older)

    assert await present(pool, "worker_instances", "worker_id") == {"w2", "w4", "w5"}
    assert len(await rows(pool, "worker_pool_metrics")) == 2
