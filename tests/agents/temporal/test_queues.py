from datetime import timedelta

import pytest

from agents.temporal.queues import Look, QueueKey, TaskKind, plan
from contracts.orchestrator import QueueType
from tests.agents.contract import NOW
from tests.agents.temporal.fake import FakeQueue
from tests.agents.temporal.scenes import Watched, busy_shop, queue_of

KEYS = [QueueKey(f"q{number}", TaskKind.WORKFLOW) for number in range(4)]


def asked(*minutes_ago: float) -> dict[QueueKey, Look]:
    return {
        key: Look(asked_at=NOW - timedelta(minutes=ago))
        for key, ago in zip(KEYS, minutes_ago, strict=True)
    }


class TestPlan:
    def test_all_are_asked_when_the_budget_allows(self) -> None:
        assert plan(KEYS, asked(1, 2, 3, 4), 4, rest=set(KEYS)) == KEYS

    def test_else_idle_ones_rest(self) -> None:
        assert plan(KEYS, asked(1, 2, 3, 4), 3, rest={KEYS[3]}) == [KEYS[2], KEYS[1], KEYS[0]]

    def test_else_those_asked_longest_ago_go_first(self) -> None:
        looks = asked(1, 2, 3, 4)
        looks[KEYS[0]] = Look()

        assert plan(KEYS, looks, 2, rest=set()) == [KEYS[0], KEYS[3]]


class TestRotation:
    """More queues than the rate allows: 1000 calls a second for half of 0.02 s, not sixteen."""

    def many(self) -> Watched:
        shop = busy_shop()
        names = [f"q{number}" for number in range(8)]
        shop.configure(task_queues=names, interval_s=0.02, discover_queues=False)
        shop.temporal.workers.clear()
        shop.temporal.queues.clear()
        return shop

    async def test_the_budget_of_calls_is_kept(self) -> None:
        shop = self.many()

        await shop.scrape()

        assert shop.temporal.count("DescribeTaskQueue") == 10

    async def test_what_was_not_asked_is_unknown_at_first(self) -> None:
        batch = await self.many().scrape()

        assert queue_of(batch, "q7/activity").size is None
        assert batch.orchestrator.queuing is not None
        assert batch.orchestrator.queuing.backlog_size is None
        assert "call budget" in batch.orchestrator.metadata.unavailable["/queuing/backlogSize"]

    async def test_an_idle_queue_is_carried_and_marked(self) -> None:
        shop = self.many()
        await shop.scrape()

        batch = await shop.scrape()

        assert queue_of(batch, "q0/workflow").size == 0
        assert "/queuing/queues/0/size" in batch.orchestrator.metadata.estimated
        assert batch.orchestrator.queuing is not None
        assert batch.orchestrator.queuing.backlog_size == 0

    async def test_a_busy_queue_is_asked_every_time(self) -> None:
        shop = self.many()
        shop.temporal.queues["q0", "workflow"] = FakeQueue(backlog=3)
        await shop.scrape()
        await shop.scrape()
        shop.temporal.queue("q0").backlog = 9

        batch = await shop.scrape()

        assert queue_of(batch, "q0/workflow").size == 9

    async def test_an_idle_queue_is_asked_again_in_time(self) -> None:
        shop = self.many()
        await shop.scrape()
        await shop.scrape()
        shop.temporal.queue("q0").backlog = 5

        stale = await shop.scrape()
        shop.now += timedelta(minutes=5)
        fresh = await shop.scrape()

        assert queue_of(stale, "q0/workflow").size == 0
        assert queue_of(fresh, "q0/workflow").size == 5


class TestWhichKindsExist:
    """The server describes every name, so an answer proves nothing."""

    async def names(self, shop: Watched) -> list[str]:
        queuing = (await shop.scrape()).orchestrator.queuing
        assert queuing is not None
        return [queue.name for queue in queuing.queues or ()]

    async def test_a_kind_never_seen_in_use_is_left_out(self) -> None:
        assert await self.names(busy_shop()) == [
            "orders/workflow",
            "orders/activity",
            "orphans/workflow",
        ]

    async def test_one_seen_in_use_stays(self) -> None:
        shop = busy_shop()
        shop.temporal.queue("orphans", "activity").backlog = 1
        await shop.scrape()
        shop.temporal.queue("orphans", "activity").backlog = 0

        assert "orphans/activity" in await self.names(shop)

    async def test_both_of_a_configured_queue_are_shown(self) -> None:
        shop = busy_shop()
        shop.configure(task_queues=("quiet",))

        assert {"quiet/workflow", "quiet/activity"} <= set(await self.names(shop))


class TestConsumers:
    @pytest.mark.parametrize(("ago_s", "consumers"), [(89, 1), (91, 0)])
    async def test_only_fresh_pollers_count(self, ago_s: float, consumers: int) -> None:
        shop = busy_shop()
        shop.temporal.queue("orders").pollers = {"w1@host": NOW - timedelta(seconds=ago_s)}

        batch = await shop.scrape()

        assert queue_of(batch, "orders/workflow").consumers == consumers

    async def test_a_backlog_without_consumers_is_a_warning_and_an_issue(self) -> None:
        record = (await busy_shop().scrape()).orchestrator

        assert "orphans/workflow: tasks wait and nobody polls (25)" in record.health.warnings
        issues = [issue.code for item in record.health.components for issue in item.issues]
        assert issues == ["no_pollers"]


class TestPriorities:
    async def test_a_queue_without_priorities_is_first_in_first_out(self) -> None:
        queue = queue_of(await busy_shop().scrape(), "orphans/workflow")

        assert queue.type is QueueType.FIFO
        assert queue.priority_levels == {"3": 25}

    async def test_one_with_priorities_tells_them(self) -> None:
        shop = busy_shop()
        shop.temporal.queue("orphans").priorities = {1: 5, 3: 20}

        batch = await shop.scrape()

        assert queue_of(batch, "orphans/workflow").type is QueueType.PRIORITY
        assert batch.orchestrator.scheduling is not None
        assert batch.orchestrator.scheduling.priority_distribution == {"1": 5, "3": 27}
