"""A real Airflow: own ports, own folder, SQLite, the local executor, loopback only."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from benchmarks.servers import die_with_parent, free_ports, wait_for

__all__ = ["AirflowServer", "Waited"]

HERE = Path(__file__).parent
START_LIMIT_S = 240.0
STOP_LIMIT_S = 30.0
ADMIN, VIEWER = ("admin", "open sesame"), ("woa", "open barley")
PARALLELISM = 4
EXECUTORS = "LocalExecutor,woa_held.HeldExecutor"


@dataclass(frozen=True)
class Waited:
    """One try as the database has it."""

    run: str
    task: str
    state: str
    try_number: int
    scheduled: datetime | None
    queued: datetime | None
    started: datetime | None


@dataclass
class AirflowServer:
    """Start, stop and restart it; the same database and ports each time.

    `chosen`: settings that replace those of `_variables`.
    """

    folder: Path
    environment: Path
    major: int = 3
    chosen: Mapping[str, str] = field(default_factory=dict)
    ports: list[int] = field(default_factory=lambda: free_ports(4))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def base(self) -> str:
        return f"{self.url}/api/{'v2' if self.major == 3 else 'v1'}"

    @property
    def settings(self) -> dict[str, Any]:
        """Those of a collector that reads it."""
        return {
            "instance_id": "live",
            "base_url": self.url,
            "username": VIEWER[0],
            "password": VIEWER[1],
            "executor": "local",
            "parallelism": PARALLELISM,
        }

    def start(self) -> None:
        """Return when it knows its DAGs."""
        (self.folder / "dags").mkdir(exist_ok=True)
        shutil.copy(HERE / "flows.py", self.folder / "dags" / "woa_flows.py")
        for name in ("config", "held"):
            (self.folder / name).mkdir(exist_ok=True)
        shutil.copy(HERE / "held.py", self.folder / "config" / "woa_held.py")
        passwords = {ADMIN[0]: ADMIN[1], VIEWER[0]: VIEWER[1]}
        (self.folder / "passwords.json").write_text(json.dumps(passwords))
        self.cli("db", "migrate")
        if self.major == 2:
            self.cli("sync-perm")
            self.make_accounts()
        self.cli("pools", "set", "tiny", "2", "for tests")
        self.start_api()
        self.begin("scheduler")
        if self.major == 3:
            self.begin("dag-processor")
        wait_for(self._knows_its_dags, START_LIMIT_S, f"DAGs of {self.url}")

    def start_api(self) -> None:
        """The API first: a scheduler that cannot reach it fails its tasks."""
        if self.major == 3:
            self.begin("api-server")
        else:
            self.begin("webserver", "-p", str(self.ports[0]), "--workers", "1")
        wait_for(self._serves, START_LIMIT_S, f"Airflow at {self.url}")

    def make_accounts(self) -> None:
        """An administrator, and what `deploy/airflow/role.sh` makes."""
        names = ("-f", "A", "-l", "B", "-e", "a@example.invalid")
        self.cli("users", "create", "-r", "Admin", "-u", ADMIN[0], "-p", ADMIN[1], *names)
        script = HERE.parents[2] / "deploy" / "airflow" / "role.sh"
        self._checked(["sh", str(script)], {"WOA_PASSWORD": VIEWER[1]})

    def begin(self, service: str, *arguments: str, name: str = "") -> None:
        """One of its services, in the background; `name` is that of one of several."""
        name = name or service
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(self.environment / "bin" / "airflow"), service, *arguments],
                stdout=log,
                stderr=log,
                env=self._variables(),
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )

    def end(self, service: str, how: signal.Signals = signal.SIGTERM) -> None:
        """One of its services with all that it started. Returns when it is gone."""
        process = self.processes.pop(service)
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

    def stop(self) -> None:
        """All of it. Safe to call twice."""
        for service in list(self.processes):
            self.end(service)

    def cli(self, *arguments: str) -> str:
        """What Airflow's own command line says."""
        return self._checked([str(self.environment / "bin" / "airflow"), *arguments], {})

    def cli_json(self, *arguments: str) -> Any:
        """The same of a command that lists, as data."""
        said = self.cli(*arguments, "-o", "json")
        (listed,) = [line for line in said.splitlines() if line.startswith(("[{", "[]"))]
        return json.loads(listed)

    def trigger(self, dag: str) -> str:
        """Begin a run; its id."""
        body = {"logical_date": None} if self.major == 3 else {}
        answer = httpx.post(
            f"{self.base}/dags/{dag}/dagRuns", json=body, timeout=60, **self.signed(ADMIN)
        )
        assert answer.is_success, answer.text
        return str(answer.json()["dag_run_id"])

    def signed(self, account: tuple[str, str]) -> dict[str, Any]:
        """What httpx needs to ask as somebody."""
        if self.major == 2:
            return {"auth": account}
        body = {"username": account[0], "password": account[1]}
        token = httpx.post(f"{self.url}/auth/token", json=body, timeout=60)
        assert token.is_success, token.text
        return {"headers": {"Authorization": f"Bearer {token.json()['access_token']}"}}

    def states(self, dag: str) -> list[str]:
        """States of a DAG's runs, as the command line lists them."""
        named = [dag] if self.major == 3 else ["-d", dag]
        return [each["state"] for each in self.cli_json("dags", "list-runs", *named)]

    def tries(self) -> list[Waited]:
        """The last try of every task, as the database has it."""
        query = (
            "SELECT run_id, task_id, state, try_number, {}, queued_dttm, start_date"
            " FROM task_instance"
        ).format("scheduled_dttm" if self.major == 3 else "NULL")
        return [
            Waited(run, task, state, number, *map(_time, times))
            for run, task, state, number, *times in self.rows(query)
        ]

    def run_states(self, dag: str) -> list[str]:
        """As `states`, of the database: to wait for something the command line costs too much."""
        query = f"SELECT state FROM dag_run WHERE dag_id = '{dag}'"
        return [state for (state,) in self.rows(query)]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What its database has."""
        database = sqlite3.connect(f"file:{self.folder / 'airflow.db'}?mode=ro", uri=True)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def _serves(self) -> bool:
        self._alive()
        try:
            return httpx.get(f"{self.base}/version", timeout=10).is_success
        except httpx.HTTPError:
            return False

    def _knows_its_dags(self) -> bool:
        self._alive()
        answer = httpx.get(f"{self.base}/dags/woa_long", timeout=60, **self.signed(ADMIN))
        return answer.is_success

    def _alive(self) -> None:
        for service, process in self.processes.items():
            if process.poll() is not None:
                log = (self.folder / f"{service}.log").read_text(errors="replace")
                raise AssertionError(f"{service} ended with {process.returncode}: {log[-3000:]}")

    def _checked(self, command: list[str], more: Mapping[str, str]) -> str:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            timeout=START_LIMIT_S,
            env={**self._variables(), **more},
            cwd=self.folder,
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-1500:]} {done.stderr[-1500:]}"
        return done.stdout

    def _variables(self) -> dict[str, str]:
        """Without settings of whoever runs the tests."""
        kept = {name: value for name, value in os.environ.items() if "AIRFLOW" not in name}
        backends = "airflow.api.auth.backend.basic_auth,airflow.api.auth.backend.session"
        chosen = {
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__DAGS_FOLDER": str(self.folder / "dags"),
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__EXECUTOR": EXECUTORS if self.major == 3 else "SequentialExecutor",
            "CORE__PARALLELISM": str(PARALLELISM),
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN[0]}:admin,{VIEWER[0]}:viewer",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.folder / "passwords.json"),
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.ports[0]),
            "API__WORKERS": "1",
            "API__BASE_URL": self.url,
            "API__AUTH_BACKENDS": backends,
            "API__SECRET_KEY": "only for tests",
            "API_AUTH__JWT_SECRET": "only for tests, and longer than sixty-four bytes, as it wants",
            "WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "WEBSERVER__SECRET_KEY": "only for tests",
            "LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports[1]),
            "LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports[2]),
            "SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports[3]),
        }
        return {
            **kept,
            **{f"AIRFLOW__{name}": value for name, value in (chosen | dict(self.chosen)).items()},
            "AIRFLOW_HOME": str(self.folder),
            "HOME": str(self.folder),
            "PATH": f"{self.environment / 'bin'}:{kept['PATH']}",
        }


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
