"""The health score explains itself: every part with its weight, evidence, repair and gain."""

from typing import cast

import pytest
from playwright.async_api import expect

from tests.dashboard.documents import TEMPORAL, Json, at, changed
from tests.dashboard.stub import Stub
from tests.dashboard.visits import Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

HEALTH = f"/orchestrators/{TEMPORAL}/health"


def parts_of(stub: Stub) -> list[Json]:
    """The parts as the stub answers them."""
    return cast(list[Json], at(stub.answers[HEALTH], "health.diagnostics.scoreParts"))


async def test_the_keyboard_opens_and_closes_it(visit: Visit) -> None:
    await visit.go_and_wait()
    gauge = visit.by("explain-health")
    await gauge.focus()

    await visit.page.keyboard.press("Enter")
    await expect(visit.by("health-explanation")).to_be_visible()
    await visit.page.keyboard.press("Escape")

    await expect(visit.by("health-explanation")).to_have_count(0)
    await expect(gauge).to_be_focused()


async def test_every_figure_of_every_part_is_told(visit: Visit, stub: Stub) -> None:
    figures = {
        "score": "score",
        "weight": "weight",
        "effective-weight": "effectiveWeight",
        "contribution": "contribution",
    }
    said = {
        f"part-{part['name']}-{shown}": part[key]
        for part in parts_of(stub)
        for shown, key in figures.items()
    }

    await visit.go_and_wait("?explain=health")

    assert await visit.values(*said) == said


async def test_known_parts_tell_evidence_raw_values_repair_and_gain(
    visit: Visit, stub: Stub
) -> None:
    part = next(part for part in parts_of(stub) if part["name"] == "queue_efficiency")

    await visit.go_and_wait("?explain=health")

    card = visit.by("part-queue_efficiency")
    await expect(card).to_contain_text(str(part["evidence"]))
    await expect(card).to_contain_text(str(part["repair"]))
    await expect(card).to_contain_text("queue_efficiency_ratio")
    assert await visit.value("part-queue_efficiency-gain") == part["gain"]
    assert await visit.value("part-queue_efficiency-raw-samples") == 240


async def test_an_unknown_part_says_why(visit: Visit) -> None:
    await visit.go_and_wait("?explain=health")

    assert await visit.data("part-scheduling_performance", "known") == {"known": False}
    await expect(visit.by("part-scheduling_performance-reason")).to_have_text(
        "Not known: the server has no histogram of schedule-to-start latencies"
    )


async def test_contributions_shown_add_up_to_the_score_shown(visit: Visit, stub: Stub) -> None:
    parts = [part for part in parts_of(stub) if part["score"] is not None]
    total = sum(cast(float, part["contribution"]) for part in parts)
    stub.answers[HEALTH] = changed(stub.answers[HEALTH], "health.healthScore", total)

    await visit.go_and_wait("?explain=health")

    shown = [await visit.value(f"part-{part['name']}-contribution") for part in parts]
    assert sum(cast(list[float], shown)) == pytest.approx(await visit.value("explain-score"))


async def test_coverage_and_reason_of_the_status_are_told(visit: Visit) -> None:
    await visit.go_and_wait("?explain=health")

    assert await visit.value("explain-coverage") == 0.8
    await expect(visit.by("status-reason")).to_have_text(
        "0.78 is below 0.9, the bound of healthy, for 3 samples in a row."
    )
    await expect(visit.by("explain-basis")).to_contain_text("Before, it was healthy.")


async def test_bottlenecks_and_recommendations_are_told(visit: Visit) -> None:
    await visit.go_and_wait("?explain=health")

    assert await visit.values("bottlenecks", "recommendations") == {
        "bottlenecks": 2,
        "recommendations": 1,
    }
    await expect(visit.by("bottlenecks")).to_contain_text("1425 items wait, the oldest for 492 s")
    await expect(visit.by("recommendations")).to_contain_text("Start a consumer of reports.")
    assert await visit.value("bottleneck-reports-wait") is None
