"""Through deploy/prefect/read-only-proxy.conf the agent gets what it needs, and no more."""

import base64
import shutil
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from agents.prefect import PrefectCollector, PrefectConfig
from benchmarks.servers import die_with_parent, free_ports, wait_for
from tests.agents.prefect.driver import Driver
from tests.live.prefect.server import PrefectServer
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

CONF = Path(__file__).parents[3] / "deploy" / "prefect" / "read-only-proxy.conf"


@pytest.fixture
def proxy(prefect_server: PrefectServer, tmp_path: Path) -> Iterator[str]:
    """The file as it stands, with this server's address and password."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        require_or_skip("live", "there is no nginx: apt-get install nginx-light")
    (port,) = free_ports(1)
    signed = base64.b64encode(f"admin:{prefect_server.password}".encode()).decode()
    text = CONF.read_text()
    for told, ours in (
        ("127.0.0.1:4200", f"127.0.0.1:{prefect_server.ports[0]}"),
        ("127.0.0.1:4210", f"127.0.0.1:{port}"),
        ("dXNlcjpwYXNzd29yZA==", signed),
    ):
        assert text.count(told) == 1
        text = text.replace(told, ours)
    (tmp_path / "proxy.conf").write_text(text)
    with (tmp_path / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "proxy.conf")],
            stderr=log,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
        )
    try:
        url = f"http://127.0.0.1:{port}/api"
        wait_for(lambda: _answers(url), 60, "the proxy")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.HTTPError:
        return False


async def test_the_agent_gets_what_it_needs(prefect_server: PrefectServer, proxy: str) -> None:
    pool = f"rights-{uuid4().hex[:6]}"
    async with prefect_server.client() as client:
        driver = Driver(client)
        await driver.pool(pool, concurrency_limit=2)
        await driver.worker(pool, "w1")
        deployment = await driver.deployment(f"flow-{pool}", pool)
        config = PrefectConfig.model_validate({"instance_id": "live", "api_url": proxy})
        async with PrefectCollector(config) as collector:
            await collector.collect(datetime.now(UTC))
            await driver.finish(await driver.run(deployment))
            batch = await collector.collect(datetime.now(UTC))

    assert batch.orchestrator.health.errors == ()
    assert batch.orchestrator.resources is not None
    assert batch.events
    (told,) = [each for each in batch.pools if each.pool_name == pool]
    assert told.total_workers == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "logs/filter"),
        ("POST", "variables/filter"),
        ("POST", "block_documents/filter"),
        ("GET", "admin/settings"),
        ("GET", "flow_runs/00000000-0000-0000-0000-000000000000"),
        ("POST", "work_pools/"),
        ("PATCH", "work_pools/rights"),
        ("DELETE", "work_pools/filter"),
        ("POST", "flow_runs/"),
        ("POST", "flow_runs/00000000-0000-0000-0000-000000000000/set_state"),
        ("POST", "admin/database/clear"),
    ],
)
def test_everything_else_is_refused(proxy: str, method: str, path: str) -> None:
    assert httpx.request(method, f"{proxy}/{path}", json={}).status_code == 403
