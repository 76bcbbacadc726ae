"""An Airflow in memory, as far as the agent asks one: version 3 by API v2, version 2 by v1.

`tests/agents/airflow/behaviour.py` holds it and the real servers to the same behaviour.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx

__all__ = ["FakeAirflow"]

Json = dict[str, Any]
NAMES = UUID(int=11)
MOST = 100
OF_V2 = ("id", "scheduled_when", "run_after", "queued_at")
CURSORS = (3, 3)
ALIVE_S = 30


@dataclass
class FakeAirflow(httpx.AsyncBaseTransport):
    """Answers requests itself. `now` is its clock; rows are changed by `task` and `run`."""

    version: str = "3.3.2"
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    accounts: dict[str, str] = field(default_factory=lambda: {"woa": "secret"})
    tasks: list[Json] = field(default_factory=list)
    runs: list[Json] = field(default_factory=list)
    pools: dict[str, int] = field(default_factory=lambda: {"default_pool": 128})
    schedulers: list[Json] = field(default_factory=list)
    triggerers: list[Json] = field(default_factory=list)
    edge_workers: list[Json] | None = None
    edge_jobs: list[Json] = field(default_factory=list)
    unhealthy: set[str] = field(default_factory=set)
    import_errors: int = 0
    tokens: set[str] = field(default_factory=set)

    @property
    def numbers(self) -> tuple[int, int]:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def base(self) -> str:
        return "/api/v2" if self.numbers >= (3, 0) else "/api/v1"

    def scheduler(self, job: int, host: str = "host-1", started_s_ago: float = 3600) -> None:
        """A scheduler that lives, until its `latest_heartbeat` is set."""
        self.schedulers.append(self._job(job, "SchedulerJob", host, started_s_ago))

    def triggerer(self, job: int, host: str) -> None:
        """A triggerer that lives."""
        self.triggerers.append(self._job(job, "TriggererJob", host, 3600))

    def run(self, run: str, state: str, **fields: Any) -> Json:
        """Add a run, or change it."""
        return self._put(
            self.runs, {"dag_id": "etl", "dag_run_id": run}, {"state": state, **fields}, RUN
        )

    def task(self, run: str, task: str, state: str | None, **fields: Any) -> Json:
        """Add a task instance, or change it."""
        key = {"dag_id": "etl", "dag_run_id": run, "task_id": task}
        return self._put(self.tasks, key, {"state": state, **fields}, TASK)

    def _put(self, rows: list[Json], key: Json, fields: Json, empty: Json) -> Json:
        found = next((row for row in rows if row.items() >= key.items()), None)
        if found is None:
            found = {**empty, **key, "id": str(uuid5(NAMES, str(len(rows))))}
            rows.append(found)
        found.update(fields, updated_at=self.now())
        return found

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        path = request.url.path
        if path == "/auth/token" and self.numbers >= (3, 0):
            return self._sign_in(json.loads(request.content))
        if path.startswith("/edge_worker/ui/") and self.edge_workers is not None:
            return self._edge(path) if self._may(request) else httpx.Response(401, json={})
        if not path.startswith(f"{self.base}/"):
            return httpx.Response(404, json={"detail": "Not Found"})
        path = path.removeprefix(f"{self.base}/")
        if not path.endswith(("health", "version")) and not self._may(request):
            return httpx.Response(401 if self.numbers >= (3, 0) else 403, json={"detail": "no"})
        return self._answer(path, request.url.params)

    def _sign_in(self, body: Json) -> httpx.Response:
        if self.accounts.get(body["username"]) != body["password"]:
            return httpx.Response(401, json={"detail": "Invalid credentials"})
        token = f"token-{len(self.tokens)}"
        self.tokens.add(token)
        return httpx.Response(201, json={"access_token": token})

    def _may(self, request: httpx.Request) -> bool:
        given = request.headers.get("Authorization", "")
        if self.numbers >= (3, 0):
            return given.removeprefix("Bearer ") in self.tokens
        plain = httpx.Request("GET", "http://x")
        return any(
            given == next(httpx.BasicAuth(*each).auth_flow(plain)).headers["Authorization"]
            for each in self.accounts.items()
        )

    def _answer(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        routes: dict[str, Callable[[], Any]] = {
            "version": lambda: {"version": self.version, "git_version": None},
            "health": self._health,
            "monitor/health": self._health,
            "pools": lambda: self._listed("pools", map(self._pool, self.pools), params),
            "importErrors": lambda: {"import_errors": [], "total_entries": self.import_errors},
            "dags": lambda: {"dags": [], "total_entries": 3 if "paused" in params else 5},
            "dags/~/dagRuns": lambda: self._listed(
                "dag_runs", self._chosen(self.runs, params), params
            ),
            "dags/~/dagRuns/~/taskInstances": lambda: self._listed(
                "task_instances", self._chosen(self.tasks, params), params
            ),
        }
        if self.numbers >= (3, 0):
            routes["jobs"] = lambda: self._jobs(params)
        if path not in routes:
            return httpx.Response(404, json={"detail": "Not Found"})
        return httpx.Response(200, text=json.dumps(routes[path](), default=_iso), headers=KIND)

    def _health(self) -> Json:
        def beat(name: str, place: str) -> Json:
            status = "unhealthy" if name in self.unhealthy else "healthy"
            return {"status": status, f"latest_{place}_heartbeat": self.now()}

        absent = {"status": None, "latest_triggerer_heartbeat": None}
        return {
            "metadatabase": {"status": "unhealthy" if "database" in self.unhealthy else "healthy"},
            "scheduler": beat("scheduler", "scheduler"),
            "triggerer": beat("triggerer", "triggerer") if self.triggerers else absent,
            "dag_processor": beat("dag_processor", "dag_processor"),
        }

    def _pool(self, name: str) -> Json:
        def slots(*states: str) -> int:
            return sum(row["pool"] == name and row["state"] in states for row in self.tasks)

        size, occupied = self.pools[name], slots("running", "queued")
        return {
            "name": name,
            "slots": size,
            "occupied_slots": occupied,
            "running_slots": slots("running"),
            "queued_slots": slots("queued"),
            "scheduled_slots": slots("scheduled"),
            "deferred_slots": slots("deferred"),
            "open_slots": -1 if size < 0 else size - occupied,
        }

    def edge_worker(self, name: str, state: str, **fields: Any) -> None:
        """A worker of the Edge executor, as the provider lists it."""
        told = {"queues": None, "sysinfo": {"concurrency": 2}}
        worker = {"worker_name": name, "state": state, "last_heartbeat": self.now()}
        self.edge_workers = [*(self.edge_workers or ()), {**told, **worker, **fields}]

    def _edge(self, path: str) -> httpx.Response:
        name = "workers" if path.endswith("/worker") else "jobs"
        rows = self.edge_workers if name == "workers" else self.edge_jobs
        return httpx.Response(200, text=json.dumps({name: rows}, default=_iso), headers=KIND)

    def _jobs(self, params: httpx.QueryParams) -> Json:
        """The page is cut first: those that do not live take its places."""
        kind, state = params.get("job_type"), params.get("job_state")
        found = [
            {**job, "latest_heartbeat": job["latest_heartbeat"] or self.now()}
            for job in (*self.schedulers, *self.triggerers)
            if kind in (None, job["job_type"]) and state in (None, job["state"])
        ]
        if params.get("order_by") == "-latest_heartbeat":
            found.sort(key=lambda job: job["latest_heartbeat"], reverse=True)
        answer = self._listed("jobs", found, params)
        if "is_alive" in params:
            since = self.now() - timedelta(seconds=ALIVE_S)
            answer["jobs"] = [
                job
                for job in answer["jobs"]
                if job["state"] == "running" and job["latest_heartbeat"] >= since
            ]
        return answer

    def _job(self, job: int, kind: str, host: str, started_s_ago: float) -> Json:
        return {
            "id": job,
            "job_type": kind,
            "state": "running",
            "hostname": host,
            "start_date": self.now() - timedelta(seconds=started_s_ago),
            "latest_heartbeat": None,
        }

    def _chosen(self, rows: list[Json], params: httpx.QueryParams) -> list[Json]:
        states = params.get_list("state")
        due = params.get("run_after_gte") or params.get("execution_date_gte")
        changed = params.get("updated_at_gte")
        found = [
            row
            for row in rows
            if (not states or row["state"] in states)
            and _since(row["updated_at"], changed)
            and _since(row["run_after"] or row["updated_at"], due)
        ]
        return sorted(found, key=lambda row: row["id"]) if "order_by" in params else found

    def _listed(self, name: str, rows: Iterable[Json], params: httpx.QueryParams) -> Json:
        found = [self._shown(row) for row in rows]
        limit = min(MOST, int(params.get("limit", MOST)))
        begin, cursor = int(params.get("offset", 0)), params.get("cursor")
        by_cursor = cursor is not None and self.numbers >= CURSORS and limit
        if by_cursor:
            begin = int(cursor or 0)
        page = found[begin : begin + limit]
        answer = {name: page, "total_entries": len(found)}
        if by_cursor:
            more = begin + limit < len(found)
            answer["next_cursor"] = str(begin + limit) if more else None
        return answer

    def _shown(self, row: Json) -> Json:
        hidden = {"updated_at"} if self.numbers >= (3, 0) else {"updated_at", *OF_V2}
        kept = {name: value for name, value in row.items() if name not in hidden}
        return kept if "rendered_fields" not in kept else kept | {"note": "hunter2"}


TASK: Json = {
    "map_index": -1,
    "try_number": 1,
    "hostname": "",
    "pool": "default_pool",
    "queue": "default",
    "executor": None,
    "priority_weight": 1,
    "operator": "_PythonDecoratedOperator",
    "scheduled_when": None,
    "queued_when": None,
    "start_date": None,
    "end_date": None,
    "duration": None,
    "run_after": None,
    "rendered_fields": {"op_kwargs": {"password": "hunter2"}},
}
RUN: Json = {
    "run_type": "scheduled",
    "start_date": None,
    "end_date": None,
    "run_after": None,
    "data_interval_end": None,
    "conf": {"password": "hunter2"},
}
KIND = {"Content-Type": "application/json"}


def _since(at: datetime, begin: str | None) -> bool:
    return begin is None or at >= datetime.fromisoformat(begin)


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return re.sub(r"\+00:00$", "Z", value.isoformat())
    raise TypeError(type(value).__name__)
