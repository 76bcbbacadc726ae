"""The page keeps the strict policy, stays silent on the console, and is accessible to all."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from playwright.async_api import expect

from tests.dashboard.conftest import Visitor
from tests.dashboard.documents import PAYMENTS, TEMPORAL, changed, problem
from tests.dashboard.stub import EVERY_PATH, Stub
from tests.dashboard.visits import Scheme, Visit
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"

SCHEMES: tuple[Scheme, ...] = ("light", "dark")

RUN_AXE = """
async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ")).join(", ")}`);
}
"""


def plain(_: Stub) -> None:
    """Everything is there."""


def outage(stub: Stub) -> None:
    """The orchestrator cannot be read."""
    summary = changed(stub.answers["/orchestrators"], "items.0.state", "error")
    stub.answers["/orchestrators"] = changed(summary, "items.0.reason", "connection refused")
    for section in ("capacity", "scheduling", "health"):
        path = f"/orchestrators/{TEMPORAL}/{section}"
        stub.answers[path] = stub.answers[path] | {"state": "error", "reason": "timed out"}


def failures(stub: Stub) -> None:
    """Panels that failed, report nothing or are empty."""
    down = problem(503, "store_unavailable", "The store does not answer")
    stub.failures = {f"/orchestrators/{TEMPORAL}/capacity": down, "/queues": down}
    path = f"/orchestrators/{TEMPORAL}/scheduling"
    stub.answers[path] = stub.answers[path] | {"state": "unsupported", "scheduling": None}
    stub.answers["/worker-pools"] = {"items": [], "nextCursor": None}


def signed_out(stub: Stub) -> None:
    """Nobody is signed in."""
    stub.failures[EVERY_PATH] = problem(401, "unauthenticated", "Authentication is required")


async def findings(visit: Visit, scheme: Scheme) -> list[str]:
    """The serious and critical violations that axe finds on the page in a colour scheme."""
    await visit.page.emulate_media(color_scheme=scheme)
    await visit.page.add_script_tag(path=AXE)
    return cast(list[str], await visit.page.evaluate(RUN_AXE))


async def test_nothing_that_the_page_does_breaks_the_policy_or_logs_an_error(visit: Visit) -> None:
    await visit.go_and_wait(f"?orchestrator={TEMPORAL}&queue={PAYMENTS}")
    await visit.by("chart-latency").locator(".u-over").hover()
    await visit.by("table-toggle-scheduling").click()
    await visit.by("theme-toggle").click()
    await visit.by("time-range-selector").get_by_text("6h").click()
    await visit.by("explain-health").click()
    await expect(visit.by("health-explanation")).to_be_visible()
    await visit.page.keyboard.press("Escape")
    await visit.page.set_viewport_size({"width": 390, "height": 800})
    await visit.settled()

    assert await visit.violations() == []
    assert visit.troubles == []


@pytest.mark.parametrize("arrange", [outage, failures, signed_out])
async def test_trouble_does_not_break_the_policy_either(
    visit: Visit, stub: Stub, arrange: Callable[[Stub], None]
) -> None:
    arrange(stub)

    await visit.go()
    await visit.page.wait_for_load_state("networkidle")

    assert await visit.violations() == []
    assert visit.troubles == []


@pytest.mark.parametrize(
    ("arrange", "query"),
    [
        (plain, f"?queue={PAYMENTS}"),
        (plain, "?tables=capacity,scheduling"),
        (plain, "?explain=health"),
        (outage, ""),
        (failures, ""),
        (signed_out, ""),
    ],
)
async def test_axe_finds_nothing_serious_in_light_and_dark(
    visitor: Visitor, stub: Stub, arrange: Callable[[Stub], None], query: str
) -> None:
    if not AXE.is_file():
        require_or_skip("browser", "axe-core is not installed (npm --prefix dashboard ci)")
    arrange(stub)
    visit = await visitor(bypass_csp=True)
    await visit.go(query)
    await expect(visit.page.locator("main > *").first).to_be_visible()
    await expect(visit.page.locator('[data-state="loading"]')).to_have_count(0)

    found = {scheme: await findings(visit, scheme) for scheme in SCHEMES}

    assert found == {scheme: [] for scheme in SCHEMES}
