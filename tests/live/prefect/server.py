"""A real Prefect server and its workers: own ports, own folder, loopback only."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.servers import die_with_parent, free_ports, wait_for
from tests.live.matrix.versions import asked_version

__all__ = ["PrefectServer", "stop"]

HERE = Path(__file__).parent
START_LIMIT_S = 180.0
STOP_LIMIT_S = 30.0
HEARTBEAT_S = 3
PACKAGED = "3.8"


@dataclass
class PrefectServer:
    """Start, stop and restart it; the same database file and port each time."""

    folder: Path
    environment: Path
    password: str | None = None
    ports: list[int] = field(default_factory=lambda: free_ports(1))
    process: subprocess.Popen[bytes] | None = None

    @property
    def version(self) -> tuple[int, ...]:
        """Major and minor: that of `make prefect`, where no other is asked for."""
        return tuple(map(int, (asked_version("prefect") or PACKAGED).split(".")))

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}/api"

    @property
    def settings(self) -> dict[str, Any]:
        """Those of a collector that reads it."""
        signed = {} if self.password is None else {"auth_string": f"admin:{self.password}"}
        return {"instance_id": "live", "api_url": self.api_url, **signed}

    def client(self) -> httpx.AsyncClient:
        """A user of the API."""
        auth = None if self.password is None else httpx.BasicAuth("admin", self.password)
        return httpx.AsyncClient(base_url=f"{self.api_url}/", auth=auth, timeout=60)

    def start(self) -> None:
        """Return when it serves."""
        self._begin()
        wait_for(self._serves, START_LIMIT_S, f"Prefect at {self.api_url}")

    def _begin(self) -> None:
        self.process = self.run(
            "server.log",
            *("server", "start", "--host", "127.0.0.1", "--port", str(self.ports[0]), "--no-ui"),
        )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Return when it is gone. Safe to call twice."""
        if self.process is not None:
            stop(self.process, how)
        self.process = None

    def run(self, log: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Prefect's own command line, in the background."""
        with (self.folder / log).open("ab") as output:
            return subprocess.Popen(
                [str(self.environment / "bin" / "prefect"), *arguments],
                stdout=output,
                stderr=output,
                env=self._variables(),
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )

    @contextmanager
    def worker(self, pool: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process worker; what it started ends with it."""
        process = self.run(
            f"{name}.log",
            *("worker", "start", "--pool", pool, "--name", name, "--type", "process"),
        )
        try:
            yield process
        finally:
            stop(process)

    def deployment_settings(self, flow: str) -> dict[str, Any]:
        """What a worker needs to run one of `flows.py`."""
        shutil.copy(HERE / "flows.py", self.folder)
        step = {"prefect.deployments.steps.set_working_directory": {"directory": str(self.folder)}}
        return {"entrypoint": f"flows.py:{flow}", "path": str(self.folder), "pull_steps": [step]}

    def oracle(self, pool: str) -> dict[str, Any]:
        """What Prefect's own client reads of a pool."""
        done = subprocess.run(
            [str(self.environment / "bin" / "python"), str(HERE / "oracle.py"), pool],
            check=True,
            capture_output=True,
            timeout=120,
            env=self._variables(),
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _serves(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            log = (self.folder / "server.log").read_text(errors="replace")
            if "is already in use" in log[-200:]:
                # Of a server that was killed: 3.0 minds connections that are not yet forgotten.
                self._begin()
                return False
            raise AssertionError(f"Prefect ended with {self.process.returncode}: {log[-2000:]}")
        try:
            return httpx.get(f"{self.api_url}/ready", timeout=10).is_success
        except httpx.HTTPError:
            return False

    def _variables(self) -> Mapping[str, str]:
        """Without settings of whoever runs the tests."""
        kept = {name: value for name, value in os.environ.items() if "PREFECT" not in name}
        database = f"sqlite+aiosqlite:///{self.folder / 'prefect.db'}"
        chosen = {
            "HOME": str(self.folder),
            "PREFECT_HOME": str(self.folder / "home"),
            "PREFECT_API_URL": self.api_url,
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
            "PREFECT_SERVER_METRICS_ENABLED": "true",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_HEARTBEAT_SECONDS": str(HEARTBEAT_S),
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_WORKER_PREFETCH_SECONDS": "1",
            "DO_NOT_TRACK": "1",
        }
        if self.password is not None:
            chosen["PREFECT_SERVER_API_AUTH_STRING"] = f"admin:{self.password}"
            chosen["PREFECT_API_AUTH_STRING"] = f"admin:{self.password}"
        return kept | chosen


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End a process and whatever it started. Returns when it is gone."""
    process.send_signal(how)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(STOP_LIMIT_S)
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
