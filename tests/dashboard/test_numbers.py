"""What the page shows is what the API said: read off the page, compared with the JSON."""

from typing import cast

import pytest
from playwright.async_api import expect

from tests.dashboard.documents import PAYMENTS, TEMPORAL, Json, at, changed, column
from tests.dashboard.stub import Stub
from tests.dashboard.visits import Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

HEALTH = f"/orchestrators/{TEMPORAL}/health"
CAPACITY = f"/orchestrators/{TEMPORAL}/capacity"
SCHEDULING = f"/orchestrators/{TEMPORAL}/scheduling"

DISPLAYED = {
    "health-score": (HEALTH, "health.healthScore"),
    "health-status": (HEALTH, "health.status"),
    "health-coverage": (HEALTH, "health.diagnostics.coverage"),
    "health-uptime": (HEALTH, "health.uptime"),
    "component-frontend-latency": (HEALTH, "health.components.0.latency"),
    "component-frontend-throughput": (HEALTH, "health.components.0.throughput"),
    "component-frontend-error-rate": (HEALTH, "health.components.0.errorRate"),
    "metric-capacity-utilization": (CAPACITY, "capacity.capacityUtilization"),
    "metric-used-slots": (CAPACITY, "capacity.usedSlots"),
    "metric-total-slots": (CAPACITY, "capacity.totalSlots"),
    "metric-available-slots": (CAPACITY, "capacity.availableSlots"),
    "metric-active-workers": (CAPACITY, "capacity.activeWorkers"),
    "metric-running-workflows": (CAPACITY, "capacity.runningWorkflows"),
    "metric-pending-workflows": (CAPACITY, "capacity.pendingWorkflows"),
    "metric-completed-workflows-interval": (CAPACITY, "capacity.completedWorkflows"),
    "metric-failed-workflows-interval": (CAPACITY, "capacity.failedWorkflows"),
    "metric-scheduling-latency": (SCHEDULING, "scheduling.avgSchedulingLatency"),
    "metric-p95-latency": (SCHEDULING, "scheduling.p95SchedulingLatency"),
    "metric-scheduling-throughput": (SCHEDULING, "scheduling.schedulingThroughput"),
    "metric-queue-depth": ("/orchestrators", "items.0.backlogSize"),
    "chart-latency-p50SchedulingLatency": (SCHEDULING, "scheduling.p50SchedulingLatency"),
    "chart-latency-p95SchedulingLatency": (SCHEDULING, "scheduling.p95SchedulingLatency"),
    "chart-latency-p99SchedulingLatency": (SCHEDULING, "scheduling.p99SchedulingLatency"),
    "chart-waiting-queueDepth": (SCHEDULING, "scheduling.queueDepth"),
    "queue-payments-arrival-rate": ("/queues", "items.1.arrivalRate"),
    "queue-payments-processing-rate": ("/queues", "items.1.processingRate"),
}


async def test_every_figure_is_the_one_of_its_answer(visit: Visit, stub: Stub) -> None:
    said = {name: at(stub.answers[path], place) for name, (path, place) in DISPLAYED.items()}

    await visit.go_and_wait()

    assert await visit.values(*DISPLAYED) == said


async def test_ended_workflows_are_the_sum_of_the_steps_known(visit: Visit, stub: Stub) -> None:
    said = {
        f"metric-{name}-workflows": sum(
            value or 0 for value in column(stub.answers[CAPACITY], f"{name}Workflows")
        )
        for name in ("completed", "failed")
    }

    await visit.go_and_wait()

    assert await visit.values(*said) == said


async def test_figures_follow_the_answers_without_a_reload(visit: Visit, stub: Stub) -> None:
    await visit.go_and_wait()

    stub.answers["/orchestrators"] = changed(
        stub.answers["/orchestrators"], "items.0.backlogSize", 25
    )

    await expect(visit.by("metric-queue-depth")).to_have_attribute("data-value", "25")


async def test_units_fit_the_magnitude(visit: Visit, stub: Stub) -> None:
    stub.answers["/orchestrators"] = changed(
        stub.answers["/orchestrators"], "items.0.backlogSize", 2_345_678
    )
    texts = {
        "health-score": "78.3%",
        "metric-capacity-utilization": "91.5%",
        "metric-scheduling-latency": "148 ms",
        "metric-queue-depth": "2.35M",
        "component-frontend-latency": "4.2 ms",
        "component-history-latency": "840 µs",
        "component-matching-latency": "1.25 s",
        "component-matching-throughput": "1.2/min",
        "health-uptime": "9 d 3 h",
    }

    await visit.go_and_wait()

    assert {name: await visit.by(name).inner_text() for name in texts} == texts


async def test_an_estimate_is_marked(visit: Visit) -> None:
    await visit.go_and_wait()

    await expect(visit.by("metric-pending-workflows")).to_contain_text("≈")
    await expect(visit.by("metric-pending-workflows")).to_contain_text("estimated")
    await expect(visit.by("metric-running-workflows")).not_to_contain_text("≈")


async def test_an_unknown_figure_is_not_zero_and_says_why(visit: Visit, stub: Stub) -> None:
    answer = changed(stub.answers[CAPACITY], "capacity.capacityUtilization", None)
    stub.answers[CAPACITY] = changed(
        answer, "unavailable", {"/capacity/capacityUtilization": "no worker states its slots"}
    )

    await visit.go_and_wait()

    shown = visit.by("metric-capacity-utilization")
    assert await visit.value("metric-capacity-utilization") is None
    await expect(shown).to_contain_text("N/A")
    await expect(shown).not_to_contain_text("0")
    await expect(visit.by("metric-capacity-utilization-reason")).to_have_text(
        "not reported: no worker states its slots"
    )


async def test_unknown_figures_of_a_table_say_that_they_are(visit: Visit) -> None:
    await visit.go_and_wait()

    size = visit.by("queue-legacy-size")
    assert await visit.data("queue-row-legacy", "size", "consumers") == {
        "size": None,
        "consumers": None,
    }
    await expect(size).to_contain_text("—")
    await expect(size).to_have_attribute("title", "not reported: the orchestrator does not say it")


async def test_nothing_known_of_a_section_shows_no_zero_anywhere(visit: Visit, stub: Stub) -> None:
    capacity = stub.answers[CAPACITY]
    for name in cast(Json, at(capacity, "capacity")):
        capacity = changed(capacity, f"capacity.{name}", None)
    for name, values in cast(dict[str, list[object]], at(capacity, "series")).items():
        if name != "t":
            capacity = changed(capacity, f"series.{name}", [None] * len(values))
    stub.answers[CAPACITY] = capacity

    await visit.go_and_wait()

    figures = [
        name for name, (path, _) in DISPLAYED.items() if path == CAPACITY and "slots" not in name
    ]
    assert await visit.values(*figures) == dict.fromkeys(figures)
    await expect(visit.by("capacity-chart")).to_contain_text("No samples in the last 1h")


async def test_rows_carry_the_counts_of_queues_and_pools(visit: Visit) -> None:
    await visit.go_and_wait()

    assert await visit.data("queue-row-payments", "size", "consumers") == {
        "size": 1425,
        "consumers": 8,
    }
    assert await visit.data(
        "pool-row-payments-workers", "total", "busy", "active", "idle", "failed", "terminating"
    ) == {"total": 8, "busy": 5, "active": 2, "idle": 1, "failed": 0, "terminating": 0}
    assert (await visit.data("pool-row-legacy", "total", "failed")) == {
        "total": None,
        "failed": None,
    }


async def test_the_longest_queue_comes_first_and_the_unknown_last(visit: Visit) -> None:
    await visit.go_and_wait()

    rows = visit.page.locator("[data-testid^=queue-row-]")
    names = [await row.get_attribute("data-testid") for row in await rows.all()]
    assert names == [f"queue-row-{name}" for name in ("payments", "reports", "email", "legacy")]


async def test_a_queue_says_what_its_figures_mean(visit: Visit) -> None:
    await visit.go_and_wait()

    await expect(visit.by("queue-row-payments")).to_contain_text("growing")
    await expect(visit.by("queue-row-reports")).to_contain_text("no consumers")
    await expect(visit.by("queue-row-legacy").get_by_test_id("queue-diagnosis")).to_have_count(0)


async def test_a_queue_opens_its_history(visit: Visit, stub: Stub) -> None:
    await visit.go_and_wait()

    await visit.page.get_by_role("button", name="payments", exact=True).click()

    await expect(visit.by("queue-history")).to_contain_text("History of payments")
    assert await visit.value("chart-queue-size-size") == 1425
    assert stub.queries(f"/queues/{PAYMENTS}/metrics")[0]["time_range"] == "1h"


async def test_status_is_a_word_and_a_shape(visit: Visit) -> None:
    await visit.go_and_wait()

    words = {"frontend": "healthy", "matching": "degraded", "postgres": "not known"}
    for name, word in words.items():
        tile = visit.by(f"component-{name}")
        await expect(tile).to_contain_text(word)
        await expect(tile.locator("svg.glyph")).to_have_count(1)
    await expect(visit.by("component-matching")).to_contain_text("Nobody polls reports")
    await expect(visit.by("health-status")).to_have_text("degraded")


async def test_the_title_of_the_tab_tells_the_status(visit: Visit) -> None:
    await visit.go_and_wait()

    await expect(visit.page).to_have_title("degraded · temporal / payments-eu · woa")


async def test_every_page_of_a_list_is_read(visit: Visit, stub: Stub) -> None:
    whole = stub.answers["/queues"]
    stub.answers["/queues"] = {"items": [at(whole, "items.0")], "nextCursor": "two"}
    stub.answers["/queues?cursor=two"] = {"items": [at(whole, "items.1")], "nextCursor": None}

    await visit.go_and_wait()

    await expect(visit.page.locator("[data-testid^=queue-row-]")).to_have_count(2)
    assert {asked["orchestrator_id"] for asked in stub.queries("/queues")} == {TEMPORAL}
