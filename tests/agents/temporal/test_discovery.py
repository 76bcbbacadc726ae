from datetime import timedelta

import pytest
from temporalio.service import RPCStatusCode

from agents.collector import Batch
from tests.agents.contract import NOW
from tests.agents.temporal.fake import FakeWorkflow, heartbeat, refusal
from tests.agents.temporal.scenes import Watched, busy_shop


def queues(batch: Batch) -> set[str]:
    return {pool.pool_name for pool in batch.pools}


def details(batch: Batch) -> dict[str, object]:
    found: dict[str, object] = batch.orchestrator.extra_metadata()["temporal"]
    return found


def empty_shop() -> Watched:
    shop = busy_shop()
    shop.temporal.queues.clear()
    shop.temporal.workflows.clear()
    shop.temporal.workers.clear()
    return shop


async def test_a_configured_queue_is_watched_though_nobody_uses_it() -> None:
    shop = empty_shop()
    shop.configure(task_queues=("quiet",))

    batch = await shop.scrape()

    assert queues(batch) == {"quiet"}


async def test_the_queue_of_a_worker_is_found() -> None:
    shop = empty_shop()
    shop.temporal.workers = [heartbeat(NOW, queue="mail")]

    batch = await shop.scrape()

    assert queues(batch) == {"mail"}


async def test_all_pages_of_workers_are_read() -> None:
    shop = empty_shop()
    shop.temporal.page_size = 2
    shop.temporal.workers = [heartbeat(NOW, f"w{n}", queue=f"q{n}") for n in range(5)]

    batch = await shop.scrape()

    assert queues(batch) == {"q0", "q1", "q2", "q3", "q4"}


async def test_the_queue_of_an_open_workflow_is_found() -> None:
    shop = empty_shop()
    shop.temporal.workflows = [FakeWorkflow("bills"), FakeWorkflow("old", status="Completed")]
    shop.temporal.queue("bills").backlog = 1

    batch = await shop.scrape()

    assert queues(batch) == {"bills"}


async def test_the_queue_of_an_activity_that_a_workflow_waits_for_is_found() -> None:
    shop = busy_shop()
    shop.temporal.workflows.append(FakeWorkflow("orders", kind="Ship", waits_on="carriers"))
    shop.temporal.queue("carriers", "activity").backlog = 3

    batch = await shop.scrape()

    assert "carriers" in queues(batch)


async def test_the_queue_of_a_deployment_without_workers_is_found() -> None:
    shop = empty_shop()
    shop.temporal.deployments = {"checkout": ["versioned"]}

    await shop.scrape()

    described = {
        request.task_queue.name
        for call, request in shop.temporal.calls
        if call == "DescribeTaskQueue"
    }
    assert described == {"versioned"}


async def test_the_walk_finds_what_the_newest_pages_do_not_show() -> None:
    shop = empty_shop()
    shop.configure(discovery_pages=1)
    shop.temporal.page_size = 2
    shop.temporal.workflows = [FakeWorkflow(name) for name in ("a", "a", "b", "c")]
    for name in "abc":
        shop.temporal.queue(name).backlog = 1

    batch = await shop.scrape()

    assert queues(batch) == {"a", "b", "c"}
    assert details(batch)["queueDiscovery"] == "complete"


async def test_the_walk_goes_on_with_the_next_scrape() -> None:
    shop = empty_shop()
    shop.configure(discovery_pages=1)
    shop.temporal.page_size = 1
    names = ["a", "b", "c", "d", "e", "f"]
    shop.temporal.workflows = [FakeWorkflow(name) for name in names]
    for name in names:
        shop.temporal.queue(name).backlog = 1

    first, second = await shop.scrape(), await shop.scrape()

    assert queues(first) == {"a", "b", "c", "d"}
    assert details(first)["queueDiscovery"] == "partial"
    assert queues(second) == set(names)
    assert details(second)["queueDiscovery"] == "complete"


async def test_the_servers_own_queues_are_left_out() -> None:
    shop = empty_shop()
    shop.temporal.workflows = [FakeWorkflow("temporal-sys-per-ns-tq"), FakeWorkflow("bills")]
    shop.temporal.workers = [heartbeat(NOW, queue="/_sys/bills/1")]

    batch = await shop.scrape()

    assert queues(batch) == {"bills"}
    assert details(batch)["queueDiscovery"] == "complete"


async def test_the_sticky_queue_of_a_worker_stands_for_its_normal_one() -> None:
    shop = busy_shop()
    shop.temporal.workflows.append(FakeWorkflow(kind="Ship", waits_on="w1-sticky"))
    shop.temporal.sticky["w1-sticky"] = "orders"

    batch = await shop.scrape()

    assert queues(batch) == {"orders", "orphans"}


async def test_names_are_never_guessed() -> None:
    shop = empty_shop()

    await shop.scrape()

    assert shop.temporal.count("DescribeTaskQueue") == 0


async def test_a_queue_that_nobody_names_is_kept_for_a_week() -> None:
    shop = empty_shop()
    shop.temporal.workers = [heartbeat(NOW, queue="mail")]
    await shop.scrape()
    shop.temporal.workers.clear()

    shop.now = NOW + timedelta(days=6.9)
    kept = await shop.scrape()
    shop.now = NOW + timedelta(days=7.1)
    dropped = await shop.scrape()

    assert queues(kept) == {"mail"}
    assert queues(dropped) == set()


async def test_the_dearer_sources_are_asked_every_five_minutes() -> None:
    shop = busy_shop()

    for _ in range(21):
        await shop.scrape()

    assert shop.temporal.count("ListWorkerDeployments") == 2


async def test_too_many_queues_are_a_gap() -> None:
    shop = empty_shop()
    shop.configure(max_queues=2)
    shop.temporal.workers = [heartbeat(NOW, f"w{n}", queue=f"q{n}") for n in range(3)]

    batch = await shop.scrape()

    assert len(queues(batch)) == 2
    assert details(batch)["queueDiscovery"] == "partial"


async def test_a_queue_whose_name_cannot_be_quoted_is_a_gap() -> None:
    shop = empty_shop()
    shop.temporal.workers = [heartbeat(NOW, queue="o'brien")]

    batch = await shop.scrape()

    assert details(batch)["queueDiscoveryGaps"] == [
        "a queue's name cannot be quoted: open workflows are only sampled"
    ]


async def test_switched_off_it_says_so() -> None:
    shop = busy_shop()
    shop.configure(discover_queues=False, task_queues=("orders",), decision_samples=0)
    shop.temporal.workers.clear()

    batch = await shop.scrape()

    assert queues(batch) == {"orders"}
    assert details(batch)["queueDiscoveryGaps"] == ["discover_queues is off"]
    assert shop.temporal.count("ListWorkflowExecutions") == 0


@pytest.mark.parametrize("call", ["ListWorkers", "ListWorkflowExecutions", "ListWorkerDeployments"])
async def test_a_source_that_fails_is_a_gap(call: str) -> None:
    shop = busy_shop()
    shop.temporal.fail(call, refusal(RPCStatusCode.UNAVAILABLE))

    batch = await shop.scrape()

    assert details(batch)["queueDiscovery"] == "partial"


async def test_a_backlog_in_the_metrics_that_no_queue_has_is_a_gap_and_a_warning() -> None:
    shop = busy_shop()
    backlog = "approximate_backlog_count"
    shop.metrics.add(f'{backlog}{{namespace="shop",partition="0",taskqueue="lost_one"}}', 12)
    shop.metrics.add(f'{backlog}{{namespace="shop",partition="0",taskqueue="orders"}}', 7)
    shop.metrics.add(f'{backlog}{{namespace="other",partition="0",taskqueue="theirs"}}', 5)
    shop.metrics.add(f'{backlog}{{namespace="shop",partition="0",taskqueue="temporal_sys_x"}}', 1)
    shop.metrics.add(f'{backlog}{{namespace="shop",partition="__sticky__",taskqueue="h_1"}}', 1)

    batch = await shop.scrape()

    assert details(batch)["queueDiscoveryGaps"] == ["no known queue has the label lost_one"]
    assert "metrics show a backlog of 12 under the label lost_one, which no known queue has" in (
        batch.orchestrator.health.warnings
    )


async def test_each_source_tells_how_many_queues_it_named() -> None:
    shop = busy_shop()
    shop.configure(task_queues=("orders",))

    batch = await shop.scrape()

    assert details(batch)["queueSources"] == {
        "configured": 1,
        "workers": 1,
        "deployments": 0,
        "open_workflows": 2,
        "pending_activities": 0,
    }
