"""A real Temporal dev server of a test's own: own ports, own folder, loopback only."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.servers import cache_folder, die_with_parent, free_ports, wait_for

__all__ = ["TemporalServer", "binary", "older_binary"]

START_LIMIT_S = 90.0
STOP_LIMIT_S = 30.0


def binary() -> str | None:
    """The `temporal` that `WOA_TEMPORAL` names, else of this environment, else of the path."""
    if "WOA_TEMPORAL" in os.environ:
        return os.environ["WOA_TEMPORAL"]
    beside = Path(sys.executable).with_name("temporal")
    return str(beside) if beside.exists() else shutil.which("temporal")


def older_binary() -> Path | None:
    """The older `temporal` that `make temporal-older` gets, if it did."""
    program = cache_folder() / "temporal-older" / "bin" / "temporal"
    return program if program.exists() else None


@dataclass
class TemporalServer:
    """Start, stop and restart it; the same database file and ports each time."""

    folder: Path
    namespaces: Sequence[str] = ("default",)
    program: str = field(default_factory=lambda: binary() or "temporal")
    dynamic_config: dict[str, Any] = field(default_factory=dict)
    ports: list[int] = field(default_factory=lambda: free_ports(3))
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[1]}/metrics"

    def start(self) -> None:
        """Return when it serves."""
        grpc, metrics, http = map(str, self.ports)
        command = [
            *(self.program, "server", "start-dev", "--headless", "--ip", "127.0.0.1"),
            *("--port", grpc, "--metrics-port", metrics, "--http-port", http),
            *("--db-filename", str(self.folder / "temporal.db"), "--log-level", "error"),
            *(part for name in self.namespaces for part in ("--namespace", name)),
        ]
        for key, value in self.dynamic_config.items():
            command += ["--dynamic-config-value", f"{key}={json.dumps(value)}"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )
        wait_for(self._serves, START_LIMIT_S, f"Temporal at {self.address}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Return when it is gone. Safe to call twice."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_LIMIT_S)
        self.process = None

    def cli(self, namespace: str, *arguments: str) -> Any:
        """What Temporal's own command line says, as JSON."""
        done = subprocess.run(
            [
                *(self.program, *arguments, "--output", "json"),
                *("--address", self.address, "--namespace", namespace),
            ],
            check=True,
            capture_output=True,
            timeout=60,
            env=self._environment(),
        )
        return json.loads(done.stdout)

    def version(self) -> str:
        """The server's version, e.g. `1.32.0`."""
        cluster = self.cli(self.namespaces[-1], "operator", "cluster", "system")
        return str(cluster["serverVersion"])

    def backlog(self, namespace: str, queue: str, kind: str = "workflow") -> int:
        """Tasks waiting, as Temporal's own tool reports them."""
        stats = self._described(namespace, queue, kind)["stats"]
        return sum(int(each["approximateBacklogCount"]) for each in stats)

    def pollers(self, namespace: str, queue: str, kind: str = "workflow") -> set[str]:
        """Who polls, as the tool reports it."""
        return {each["identity"] for each in self._described(namespace, queue, kind)["pollers"]}

    def count(self, namespace: str, query: str) -> int:
        """Workflows that a query finds, as the tool counts them: it leaves out a zero."""
        return int(self.cli(namespace, "workflow", "count", "--query", query).get("count", 0))

    def _described(self, namespace: str, queue: str, kind: str) -> Any:
        return self.cli(
            namespace,
            *("task-queue", "describe", "--task-queue", queue, "--task-queue-type", kind),
        )

    def _serves(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            log = (self.folder / "server.log").read_text(errors="replace")
            raise AssertionError(f"Temporal ended with {self.process.returncode}: {log[-2000:]}")
        try:
            self.cli(self.namespaces[-1], "operator", "namespace", "describe")
        except subprocess.CalledProcessError:
            return False
        return True

    def _environment(self) -> dict[str, str]:
        """Without settings of whoever runs the tests."""
        kept = {name: value for name, value in os.environ.items() if "TEMPORAL" not in name}
        return kept | {"HOME": str(self.folder)}
