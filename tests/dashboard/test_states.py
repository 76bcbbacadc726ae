"""Each panel's states: loading, empty, failed, old, not reported; and what to do next."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.dashboard.conftest import Visitor
from tests.dashboard.documents import SIMULATED, TEMPORAL, Json, changed, problem
from tests.dashboard.stub import EVERY_PATH, Stub
from tests.dashboard.visits import Visit

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

HEALTH = f"/orchestrators/{TEMPORAL}/health"
CAPACITY = f"/orchestrators/{TEMPORAL}/capacity"
SCHEDULING = f"/orchestrators/{TEMPORAL}/scheduling"
REFUSED = "connection refused by 127.0.0.1:7233"
DOWN = problem(503, "store_unavailable", "The store does not answer")
EMPTY: Json = {"items": [], "nextCursor": None}


SHOW = """
(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}
"""


async def asks_nothing(visit: Visit, stub: Stub) -> bool:
    """Whether a minute on the page's clock brings no request.

    The minute before it lets what is under way come to its end.
    """
    await visit.page.clock.run_for(60_000)
    before = len(stub.asked)
    await visit.page.clock.run_for(60_000)
    return len(stub.asked) == before


def seen(body: Json, state: str, ago_s: int, reason: str | None = None) -> Json:
    """The frame `body` as last observed some time ago."""
    moment = (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat()
    return body | {"state": state, "observedAt": moment, "reason": reason}


def rows_seen(page: Json, places: Sequence[int], state: str, ago_s: int) -> Json:
    """The list `page` with some of its rows last observed some time ago."""
    for place in places:
        for name, value in seen({}, state, ago_s).items():
            page = changed(page, f"items.{place}.{name}", value)
    return page


async def test_panels_wait_as_skeletons_in_their_final_place(visit: Visit, stub: Stub) -> None:
    stub.answering.clear()
    await visit.go()
    await expect(visit.page.locator('[data-state="loading"]')).to_have_count(11)
    waiting = await visit.by("scheduling-chart").bounding_box()

    stub.answering.set()
    await visit.settled()

    assert await visit.by("scheduling-chart").bounding_box() == waiting


async def test_another_orchestrator_never_shows_the_numbers_of_the_one_before(
    visit: Visit, stub: Stub
) -> None:
    await visit.go_and_wait()

    stub.answering.clear()
    await visit.by("orchestrator-selector").select_option(SIMULATED)

    await expect(visit.by("capacity-chart")).to_have_attribute("data-state", "loading")
    await expect(visit.by("health-gauge")).to_have_attribute("data-state", "loading")
    await expect(visit.by("metric-running-workflows")).to_have_count(0)


async def test_another_range_keeps_the_old_curve_until_its_own_is_there(
    visit: Visit, stub: Stub
) -> None:
    await visit.go_and_wait()

    stub.answering.clear()
    await visit.by("time-range-selector").get_by_text("6h").click()

    await expect(visit.by("capacity-chart").locator(".waiting")).to_be_visible()
    await expect(visit.by("chart-slots").locator("canvas")).to_be_visible()


async def test_without_orchestrators_the_next_command_is_told(visit: Visit, stub: Stub) -> None:
    stub.answers["/orchestrators"] = EMPTY

    await visit.go()

    await expect(visit.by("empty-state")).to_contain_text("No orchestrator yet")
    await expect(visit.by("empty-state")).to_contain_text("woa doctor")


async def test_the_first_orchestrator_appears_without_a_reload(visit: Visit, stub: Stub) -> None:
    filled = stub.answers["/orchestrators"]
    stub.answers["/orchestrators"] = EMPTY
    await visit.go()
    await expect(visit.by("empty-state")).to_be_visible()

    stub.answers["/orchestrators"] = filled

    await expect(visit.by("health-score")).to_have_text("78.3%")


async def test_a_link_to_an_unknown_orchestrator_says_so(visit: Visit) -> None:
    await visit.go("?orchestrator=gone")

    await expect(visit.by("empty-state")).to_contain_text("No orchestrator has the id gone")


async def test_empty_lists_tell_the_next_command(visit: Visit, stub: Stub) -> None:
    stub.answers |= {"/queues": EMPTY, "/worker-pools": EMPTY}

    await visit.go_and_wait()

    for panel in ("queue-panel", "worker-pools"):
        await expect(visit.by(panel)).to_contain_text("woa agent once --print -c FILE")


async def test_a_failure_shows_title_code_and_request_and_can_be_retried(
    visit: Visit, stub: Stub
) -> None:
    stub.failures[HEALTH] = DOWN
    await visit.go_and_wait()
    panel = visit.by("component-grid")
    await expect(panel).to_have_attribute("data-state", "failed")
    await expect(panel).to_contain_text("The store does not answer")
    await expect(panel.get_by_test_id("failure-code")).to_have_text("store_unavailable")
    await expect(panel.get_by_test_id("failure-request")).to_have_text("req-4711")

    stub.failures.clear()
    await panel.get_by_role("button", name="Retry").click()

    await expect(panel).to_have_attribute("data-state", "ok")


async def test_a_failing_panel_leaves_the_others_alone(visit: Visit, stub: Stub) -> None:
    stub.failures[CAPACITY] = DOWN

    await visit.go_and_wait()

    await expect(visit.by("card-metric-active-workers")).to_have_attribute("data-state", "failed")
    await expect(visit.by("card-metric-scheduling-latency")).to_have_attribute("data-state", "ok")
    await expect(visit.by("queue-panel")).to_have_attribute("data-state", "ok")


async def test_values_stay_and_are_marked_when_a_refresh_fails(visit: Visit, stub: Stub) -> None:
    await visit.go_and_wait()

    stub.failures[CAPACITY] = DOWN

    panel = visit.by("capacity-chart")
    await expect(panel.get_by_test_id("failure-line")).to_contain_text("store_unavailable")
    await expect(panel.get_by_test_id("outdated-badge")).to_contain_text("not refreshed, from")
    await expect(visit.by("metric-capacity-utilization")).to_have_text("91.5%")


async def test_an_absent_api_is_told_once_and_it_recovers_alone(visit: Visit, stub: Stub) -> None:
    await visit.go_and_wait()

    stub.failures[EVERY_PATH] = DOWN
    await expect(visit.by("api-down-banner")).to_contain_text("All values are from")
    await expect(visit.by("queue-panel")).to_have_attribute("data-state", "outdated")
    repeated = await visit.by("failure-line").count()
    stub.failures.clear()

    await expect(visit.by("api-down-banner")).to_have_count(0)
    await expect(visit.by("queue-panel")).to_have_attribute("data-state", "ok")
    assert repeated == 0


async def test_a_stale_section_keeps_its_values_with_their_age(visit: Visit, stub: Stub) -> None:
    stub.answers[SCHEDULING] = seen(stub.answers[SCHEDULING], "stale", ago_s=425)

    await visit.go_and_wait()

    panel = visit.by("card-metric-scheduling-latency")
    await expect(panel.get_by_test_id("stale-badge")).to_have_text("stale, from 7 min ago")
    await expect(panel).to_have_attribute("data-state", "stale")
    await expect(visit.by("metric-scheduling-latency")).to_have_text("148 ms")
    await expect(panel.locator(".panel-body")).to_have_css("filter", "grayscale(0.9)")


async def test_a_silent_agent_is_asked_for(visit: Visit, stub: Stub) -> None:
    stub.answers["/orchestrators"] = rows_seen(stub.answers["/orchestrators"], [0], "stale", 425)

    await visit.go_and_wait()

    await expect(visit.by("stale-banner")).to_contain_text("woa doctor")
    await expect(visit.by("card-metric-queue-depth")).to_have_attribute("data-state", "stale")


async def test_only_the_stale_row_of_a_list_is_marked(visit: Visit, stub: Stub) -> None:
    stub.answers["/queues"] = rows_seen(stub.answers["/queues"], [1], "stale", 425)

    await visit.go_and_wait()

    await expect(visit.by("queue-panel").get_by_test_id("stale-badge")).to_have_count(1)
    await expect(visit.by("queue-row-payments")).to_contain_text("stale, from 7 min ago")


async def test_an_unread_section_keeps_its_last_values_and_says_why(
    visit: Visit, stub: Stub
) -> None:
    stub.answers[CAPACITY] = seen(stub.answers[CAPACITY], "error", 95, "CountWorkflow: deadline")

    await visit.go_and_wait()

    panel = visit.by("capacity-chart")
    await expect(panel.get_by_test_id("error-badge")).to_contain_text("not read, from 1 min ago")
    await expect(panel.get_by_test_id("read-failed")).to_have_text("CountWorkflow: deadline")
    await expect(visit.by("metric-running-workflows")).to_have_text("183")


async def test_a_section_never_read_shows_its_error_and_no_values(visit: Visit, stub: Stub) -> None:
    frame: Json = {"state": "error", "observedAt": None, "reason": REFUSED, "capacity": None}
    stub.answers[CAPACITY] = stub.answers[CAPACITY] | frame

    await visit.go_and_wait()

    panel = visit.by("capacity-chart").get_by_test_id("never-read")
    await expect(panel).to_contain_text(REFUSED)
    await expect(visit.by("metric-active-workers")).to_have_count(0)


async def test_an_outage_is_told_once_and_nothing_turns_to_zero(visit: Visit, stub: Stub) -> None:
    summary = rows_seen(stub.answers["/orchestrators"], [0], "error", 95)
    summary = changed(summary, "items.0.reason", REFUSED)
    stub.answers["/orchestrators"] = changed(summary, "items.0.status", "critical")
    for path in (CAPACITY, SCHEDULING):
        stub.answers[path] = seen(stub.answers[path], "error", 95, f"unreachable: {REFUSED}")
    health = seen(changed(stub.answers[HEALTH], "health.status", "critical"), "error", 2, REFUSED)
    stub.answers[HEALTH] = changed(health, "health.healthScore", None)

    await visit.go_and_wait()

    await expect(visit.by("outage-banner")).to_contain_text(REFUSED)
    await expect(visit.by("read-failed")).to_have_count(0)
    await expect(visit.by("health-status")).to_have_text("critical")
    await expect(visit.by("health-gauge")).to_have_attribute("data-state", "ok")
    assert await visit.values("health-score", "metric-running-workflows") == {
        "health-score": None,
        "metric-running-workflows": 183,
    }


async def test_what_is_not_reported_is_not_available_and_never_zero(
    visit: Visit, stub: Stub
) -> None:
    reason = "this server version keeps no histogram"
    frame = seen({"scheduling": None}, "unsupported", 2, reason)
    stub.answers[SCHEDULING] = stub.answers[SCHEDULING] | frame | {"observedAt": None}

    await visit.go_and_wait()

    for panel in ("card-metric-scheduling-latency", "scheduling-chart"):
        await expect(visit.by(panel).get_by_test_id("not-reported")).to_have_text(
            f"N/ANot reported by this orchestrator: {reason}"
        )


async def test_a_simulated_orchestrator_is_marked(visit: Visit) -> None:
    await visit.go_and_wait(f"?orchestrator={SIMULATED}")

    await expect(visit.by("simulated-badge")).to_be_visible()
    await expect(visit.by("subject")).to_contain_text("nightly-batch")


async def test_who_is_not_signed_in_learns_how(visit: Visit, stub: Stub) -> None:
    stub.failures[EVERY_PATH] = problem(401, "unauthenticated", "Authentication is required")

    await visit.go()

    await expect(visit.by("sign-in")).to_contain_text("Run woa login for a link")


async def test_an_expired_session_hides_the_values(visit: Visit, stub: Stub) -> None:
    await visit.go_and_wait()

    stub.failures[EVERY_PATH] = problem(401, "unauthenticated", "Authentication is required")

    await expect(visit.by("sign-in")).to_be_visible()
    await expect(visit.by("health-score")).to_have_count(0)


async def test_p_pauses_and_resumes(visit: Visit, stub: Stub) -> None:
    await visit.page.clock.install()
    await visit.go_and_wait()

    await visit.page.keyboard.press("p")
    await expect(visit.by("paused-banner")).to_contain_text("All values are from")
    quiet = await asks_nothing(visit, stub)
    await visit.page.keyboard.press("p")

    await expect(visit.by("paused-banner")).to_have_count(0)
    assert [quiet, await asks_nothing(visit, stub)] == [True, False]


async def test_a_hidden_page_asks_for_nothing(visit: Visit, stub: Stub) -> None:
    await visit.page.clock.install()
    await visit.go_and_wait()

    await visit.page.evaluate(SHOW, "hidden")
    quiet = await asks_nothing(visit, stub)
    before = stub.handshakes
    await visit.page.clock.run_for(60_000)
    still = stub.handshakes - before
    await visit.page.evaluate(SHOW, "visible")

    assert [quiet, await asks_nothing(visit, stub)] == [True, False]
    assert still == 0


async def test_a_narrow_page_does_not_scroll_sideways(visitor: Visitor) -> None:
    visit = await visitor(width=390)

    await visit.go_and_wait()

    assert await visit.page.evaluate("() => document.documentElement.scrollWidth") == 390
