"""All six at once in `woa up`: real servers, one page."""

import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.first_run import CHROMIUM_FLAGS
from benchmarks.product import Product, leftovers, running
from tests.live.airflow.conftest import new_server as new_airflow
from tests.live.argo.argo import Argo
from tests.live.argo.argo import programs as argo_programs
from tests.live.conftest import new_server as new_temporal
from tests.live.kubernetes.cluster import Cluster
from tests.live.kubernetes.cluster import programs as kube_programs
from tests.live.prefect.conftest import new_server as new_prefect
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.timeout(1200)]

PATIENCE_MS = 120_000
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WELL = re.compile("healthy|degraded|unhealthy")
"""Critical would be an outage; what else it is depends on what these servers happen to do."""

KINDS = ("kubernetes", "airflow", "temporal", "prefect", "argo", "custom")
JOBS = {"running": 3, "waiting": 7, "workers": 4}
"""What the home-grown scheduler says."""


class HomeGrown(BaseHTTPRequestHandler):
    """A scheduler of somebody's own that tells its numbers as JSON."""

    def do_GET(self) -> None:
        body = json.dumps(JOBS).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


def started(stack: ExitStack, folder: Path) -> list[dict[str, Any]]:
    """Every server, and the entries that watch them."""
    temporal = new_temporal(folder / "temporal", ["default"])
    airflow, prefect = new_airflow(folder / "airflow"), new_prefect(folder / "prefect")
    kube, argo = kube_programs(), argo_programs()
    if kube is None or argo is None:
        require_or_skip("live", "there is no Argo: make kubernetes argo (needs Go)")
    for name in ("temporal", "airflow", "prefect", "kubernetes"):
        (folder / name).mkdir()
    for server in (temporal, airflow, prefect):
        stack.callback(server.stop)
        server.start()
    cluster = Cluster(folder / "kubernetes", kube)
    stack.callback(cluster.stop)
    cluster.start()
    cluster.create_node("node-1")
    controller = Argo(cluster, argo, {"parallelism": "2"})
    controller.install()
    stack.callback(controller.stop)
    controller.start()
    own = ThreadingHTTPServer(("127.0.0.1", 0), HomeGrown)
    thread = threading.Thread(target=own.serve_forever)
    thread.start()
    stack.callback(thread.join)
    stack.callback(own.server_close)
    stack.callback(own.shutdown)
    kubeconfig = str(cluster.kubeconfig)
    url = f"http://127.0.0.1:{own.server_port}/"
    fields = {
        "capacity.runningWorkflows": {"source": "stats", "pointer": "/running"},
        "queuing.backlogSize": {"source": "stats", "pointer": "/waiting"},
    }
    found = [
        {"type": "temporal", "address": temporal.address, "metrics_urls": [temporal.metrics_url]},
        {"type": "airflow", **airflow.settings},
        {"type": "prefect", **prefect.settings},
        {"type": "kubernetes", "kubeconfig": kubeconfig},
        {"type": "argo", "kubeconfig": kubeconfig}
        | {"controller_metrics_url": controller.metrics_url},
        {"type": "custom", "sources": {"stats": {"kind": "json", "url": url}}, "fields": fields},
    ]
    return [{**each, "instance_id": f"the-{each['type']}", "interval_s": 3} for each in found]


@pytest.fixture(scope="module")
def link() -> Iterator[tuple[Product, str]]:
    """The product that watches all six, and its login link."""
    folder = Path(tempfile.mkdtemp(prefix="woa-together-"))
    folder.chmod(0o755)  # its PostgreSQL runs as another user
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        config = folder / "woa.yaml"
        config.write_text(yaml.safe_dump({"agents": started(stack, folder)}))
        with running(folder / "state", "-c", str(config)) as product:
            yield product, product.wait_for_link()


def test_the_page_shows_each_in_light_and_dark(link: tuple[Product, str]) -> None:
    executable = shutil.which("chromium")
    if executable is None:
        require_or_skip("browser", "chromium is not installed")
    pictures = os.environ.get("WOA_PICTURES")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=executable, args=list(CHROMIUM_FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 1200})
        page.goto(link[1])
        for kind in KINDS:
            choose(page, kind)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                looks_well(page, kind)
                if pictures:
                    page.screenshot(path=Path(pictures) / f"{kind}-{scheme}.png", full_page=True)
        browser.close()


def choose(page: Page, kind: str) -> None:
    """Take the orchestrator of this kind from the list, when it is there."""
    selector = page.get_by_test_id("orchestrator-selector")
    option = selector.locator("option", has_text=f"{kind} / the-{kind} @")
    expect(option).to_have_count(1, timeout=PATIENCE_MS)
    selector.select_option(value=option.get_attribute("value"))


def looks_well(page: Page, kind: str) -> None:
    """It is read, its status is told, and every panel has data or a reason."""
    status = page.get_by_test_id("health-status")
    expect(status).to_have_attribute("data-value", WELL, timeout=PATIENCE_MS)
    expect(page.get_by_test_id("outage-banner")).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.get_by_test_id("metric-running-workflows")).to_be_visible()
    if kind == "custom":
        running = page.get_by_test_id("metric-running-workflows")
        expect(running).to_have_attribute("data-value", str(JOBS["running"]), timeout=PATIENCE_MS)


def test_a_clean_end_leaves_nothing(link: tuple[Product, str]) -> None:
    product, _ = link
    assert product.stop() == 0
    assert leftovers(product.state_dir) == []
