"""The commands about an agent that knows one worker only."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.agents.kubernetes.node.scenes import NAME, UID, FakeNode
from tests.cli.woa import config, woa


@contextmanager
def served(answers: dict[str, object]) -> Iterator[str]:
    """A server of these documents; 503 for any other."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path in answers
            self.send_response(200 if known else 503)
            self.end_headers()
            self.wfile.write(json.dumps(answers.get(self.path)).encode())

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def settings(folder: Path, url: str) -> str:
    entry = {
        "type": "kubernetes-node",
        "instance_id": "prod",
        "node_name": NAME,
        "api_url": url,
        "kubelet_url": url,
    }
    return config(folder, json.dumps({"agents": [entry]}))


@pytest.fixture
def node() -> FakeNode:
    node = FakeNode()
    node.sample(datetime.now(UTC))
    return node


def test_once_says_what_the_node_uses(tmp_path: Path, node: FakeNode) -> None:
    with served({f"/api/v1/nodes/{NAME}": node.node, "/stats/summary": node.summary}) as url:
        file = settings(tmp_path, url)
        result = woa("agent", "once", "--print", "-c", file, folder=tmp_path)

    record = json.loads(result.out)
    assert result.code == 0
    assert (record["workerId"], record["networkUsage"]) == (UID, None)
    assert f"worker {UID}: calls 2" in result.err
    assert "cpu_usage: 0.611" in result.err
    assert "network_usage: unknown" in result.err
    assert "/networkUsage: needs two scrapes" in result.err


def test_once_prints_the_outage_of_a_kubelet_that_is_away(tmp_path: Path, node: FakeNode) -> None:
    with served({f"/api/v1/nodes/{NAME}": node.node}) as url:
        file = settings(tmp_path, url)
        result = woa("agent", "once", "--print", "-c", file, folder=tmp_path)

    record = json.loads(result.out)
    assert result.code == 3
    assert (record["cpuUsage"], record["memoryUsage"]) == (None, None)
    assert "throttled: summary: HTTP 503" in record["metadata"]["unavailable"]["/cpuUsage"]


def test_once_of_a_node_never_heard_of_is_unhealthy(tmp_path: Path) -> None:
    with served({}) as url:
        result = woa("agent", "once", "-c", settings(tmp_path, url), folder=tmp_path)

    assert (result.code, result.out) == (3, "")
    assert "node: HTTP 503" in result.err
    assert "not even whose usage" in result.err


def test_the_doctor_reads_it_too(tmp_path: Path, node: FakeNode) -> None:
    with served({f"/api/v1/nodes/{NAME}": node.node, "/stats/summary": node.summary}) as url:
        well = woa("doctor", "-c", settings(tmp_path, url), folder=tmp_path)
    with served({}) as url:
        ill = woa("doctor", "-c", settings(tmp_path, url), folder=tmp_path)

    assert "kubernetes-node prod: read with 1 calls (kubelet v1.37.2)" in well.out
    assert "agents/kubernetes/node/README.md" in ill.out
