"""A Prefect server in memory, as far as the agent and the driver use one.

`tests/agents/prefect/behaviour.py` holds it and the real server to the same behaviour.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import httpx

__all__ = ["FakePrefect"]

Json = dict[str, Any]
NAMES = UUID(int=7)
LATE_AFTER = timedelta(seconds=15)
MOST = 200
HELD = ("PENDING", "RUNNING", "CANCELLING")
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
SORTS: Mapping[str, tuple[str, bool]] = {
    "ID_DESC": ("id", True),
    "START_TIME_DESC": ("start_time", True),
    "END_TIME_DESC": ("end_time", True),
    "EXPECTED_START_TIME_ASC": ("expected_start_time", False),
}
METRICS = """\
# TYPE process_start_time_seconds gauge
process_start_time_seconds {start}
process_resident_memory_bytes 2.5e+08
process_cpu_seconds_total {cpu}
python_info{{version="3.11.7"}} 1.0

"""


def system_time() -> datetime:
    return datetime.now(UTC)


@dataclass
class FakePrefect(httpx.AsyncBaseTransport):
    """Answers requests itself. `now` is its clock; `starts` of its process are counted."""

    now: Callable[[], datetime] = system_time
    version: str = "3.8.8"
    metrics: bool = True
    csrf: bool = False
    password: str | None = None
    pools: dict[str, Json] = field(default_factory=dict)
    queues: list[Json] = field(default_factory=list)
    workers: dict[str, list[Json]] = field(default_factory=dict)
    runs: dict[str, Json] = field(default_factory=dict)
    states: dict[str, list[Json]] = field(default_factory=dict)
    limits: dict[str, Json] = field(default_factory=dict)
    deployments: dict[str, Json] = field(default_factory=dict)
    process_start: float = 1_700_000_000.0
    cpu_s: float = 10.0
    _ids: int = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        path = request.url.path.removeprefix("/api/")
        if self.password and not path.startswith(("health", "ready")):
            basic = httpx.BasicAuth("admin", self.password)._auth_header
            if request.headers.get("Authorization") != basic:
                return httpx.Response(401, json={"exception_message": "Unauthorized"})
        if self.csrf and request.method != "GET" and "Prefect-Csrf-Token" not in request.headers:
            return httpx.Response(403, json={"detail": "Missing CSRF token."})
        return self._answer(request, path)

    def _answer(self, request: httpx.Request, path: str) -> httpx.Response:
        body = json.loads(request.content) if request.content else {}
        for pattern, handler in self._routes().items():
            method, _, expression = pattern.partition(" ")
            found = re.fullmatch(expression, path)
            if found and method == request.method:
                return handler(body, request, *found.groups())
        return httpx.Response(404, json={"detail": "Not Found"})

    def _routes(self) -> dict[str, Callable[..., httpx.Response]]:
        return {
            "GET health": lambda *_: _ok(True),
            "GET ready": lambda *_: _ok({"message": "OK"}),
            "GET admin/version": lambda *_: _ok(self.version),
            "GET csrf-token": self._csrf_token,
            "GET metrics": self._metrics,
            "POST work_pools/": self._new_pool,
            "POST work_pools/filter": lambda body, *_: _page(map(self._pool, self.pools), body),
            "POST work_pools/([^/]+)/queues": self._new_queue,
            "POST work_pools/([^/]+)/workers/heartbeat": self._heartbeat,
            "POST work_pools/([^/]+)/workers/filter": self._list_workers,
            "POST work_queues/filter": lambda body, *_: _page(map(self._queue, self.queues), body),
            "POST v2/concurrency_limits/filter": lambda body, *_: _page(self.limits.values(), body),
            "POST v2/concurrency_limits/": self._new_limit,
            "POST v2/concurrency_limits/increment": self._increment,
            "POST flows/": lambda body, *_: _ok({"id": self._id(), **body}),
            "POST deployments/": self._new_deployment,
            "POST deployments/([^/]+)/create_flow_run": self._new_run,
            "PATCH flow_runs/([^/]+)/labels": self._label,
            "POST flow_runs/([^/]+)/set_state": self._set_state,
            "POST flow_runs/filter": self._filter_runs,
            "POST flow_runs/count": lambda body, *_: _ok(len(self._chosen(body))),
            "GET flow_run_states/": lambda _, request: _ok(
                self.states[request.url.params["flow_run_id"]]
            ),
        }

    def _csrf_token(self, *_: Any) -> httpx.Response:
        if not self.csrf:
            return httpx.Response(422, json={"detail": "CSRF protection is disabled."})
        return _ok({"token": "t", "client": "c"})

    def _metrics(self, *_: Any) -> httpx.Response:
        if not self.metrics:
            return httpx.Response(404, json={"detail": "Not Found"})
        return httpx.Response(200, text=METRICS.format(start=self.process_start, cpu=self.cpu_s))

    def _new_pool(self, body: Json, *_: Any) -> httpx.Response:
        pool = {"id": self._id(), "is_paused": False, "concurrency_limit": None} | body
        self.pools[body["name"]] = pool
        self._add_queue(body["name"], {"name": "default"})
        return _ok(pool)

    def _new_queue(self, body: Json, _: httpx.Request, pool: str) -> httpx.Response:
        return _ok(self._add_queue(pool, body))

    def _add_queue(self, pool: str, body: Json) -> Json:
        taken = [each for each in self.queues if each["work_pool_name"] == pool]
        queue = {
            "id": self._id(),
            "work_pool_name": pool,
            "is_paused": False,
            "concurrency_limit": None,
            "priority": len(taken) + 1,
            "last_polled": None,
        } | body
        self.queues.append(queue)
        return queue

    def _heartbeat(self, body: Json, _: httpx.Request, pool: str) -> httpx.Response:
        listed = self.workers.setdefault(pool, [])
        found: Json | None = next((each for each in listed if each["name"] == body["name"]), None)
        if found is None:
            found = {"id": self._id(), "last_heartbeat_time": None, **body}
            listed.append(found)
        found["last_heartbeat_time"] = self.now()
        return httpx.Response(204)

    def _list_workers(self, body: Json, _: httpx.Request, pool: str) -> httpx.Response:
        if pool not in self.pools:
            return httpx.Response(404, json={"detail": f'Work pool "{pool}" not found.'})
        return _page(
            ({**each, "status": self._status(each)} for each in self.workers.get(pool, [])), body
        )

    def _status(self, worker: Json) -> str:
        silent = self.now() - worker["last_heartbeat_time"]
        fresh = silent < timedelta(seconds=3 * worker["heartbeat_interval_seconds"])
        return "ONLINE" if fresh else "OFFLINE"

    def _pool(self, name: str) -> Json:
        pool = self.pools[name]
        online = any(self._status(each) == "ONLINE" for each in self.workers.get(name, []))
        status = "PAUSED" if pool["is_paused"] else "READY" if online else "NOT_READY"
        held = sum(run["work_pool_name"] == name for run in self._held())
        slots = None if pool["concurrency_limit"] is None else held
        return {**pool, "status": status, "active_slots": slots}

    def _queue(self, queue: Json) -> Json:
        held = sum(run["work_queue_id"] == queue["id"] for run in self._held())
        slots = None if queue["concurrency_limit"] is None else held
        return {**queue, "active_slots": slots}

    def _held(self) -> list[Json]:
        return [run for run in self.runs.values() if run["state_type"] in HELD]

    def _new_limit(self, body: Json, *_: Any) -> httpx.Response:
        self.limits[body["name"]] = {"id": self._id(), "active": True, "active_slots": 0, **body}
        return _ok(self.limits[body["name"]])

    def _increment(self, body: Json, *_: Any) -> httpx.Response:
        for name in body["names"]:
            self.limits[name]["active_slots"] += body["slots"]
        return _ok([self.limits[name] for name in body["names"]])

    def _new_deployment(self, body: Json, *_: Any) -> httpx.Response:
        deployment = {"id": self._id(), **body}
        self.deployments[deployment["id"]] = deployment
        return _ok(deployment)

    def _new_run(self, body: Json, _: httpx.Request, deployment: str) -> httpx.Response:
        about = self.deployments[deployment]
        queue = next(
            each
            for each in self.queues
            if each["work_pool_name"] == about["work_pool_name"]
            and each["name"] == about["work_queue_name"]
        )
        run: Json = {
            "id": self._id(),
            "name": f"run-{self._ids}",
            "deployment_id": deployment,
            "work_pool_name": about["work_pool_name"],
            "work_queue_id": queue["id"],
            "work_queue_name": queue["name"],
            "run_count": 0,
            "total_run_time": 0.0,
            "expected_start_time": None,
            "start_time": None,
            "end_time": None,
            "labels": {"prefect.deployment.id": deployment},
            "parameters": {"password": "hunter2"},
        }
        self.runs[run["id"]], self.states[run["id"]] = run, []
        self._enter(run, body["state"])
        return _ok(run)

    def _label(self, body: Json, _: httpx.Request, run: str) -> httpx.Response:
        self.runs[run]["labels"].update(body)
        return httpx.Response(204)

    def _set_state(self, body: Json, _: httpx.Request, run: str) -> httpx.Response:
        self._enter(self.runs[run], body["state"])
        return _ok({"status": "ACCEPT"})

    def _enter(self, run: Json, asked: Json) -> None:
        """What the server's rules make of a new state, as far as times and counts go."""
        now, kind = self.now(), asked["type"]
        due = (asked.get("state_details") or {}).get("scheduled_time")
        state = {
            "id": self._id(),
            "type": kind,
            "name": asked.get("name") or kind.capitalize(),
            "timestamp": now.isoformat(),
        }
        self.states[run["id"]].append(state)
        before = run.get("state_type")
        run |= {"state": state, "state_type": kind, "state_name": state["name"]}
        run["next_scheduled_start_time"] = due if kind == "SCHEDULED" else None
        run["expected_start_time"] = run["expected_start_time"] or due or now.isoformat()
        if kind == "RUNNING":
            run["run_count"] += 1
        if kind in ("RUNNING", "CRASHED") and run["start_time"] is None:
            run["start_time"] = now.isoformat()
        if kind in ENDED:
            run["end_time"] = now.isoformat()
            if before == "RUNNING":
                begun = datetime.fromisoformat(run["start_time"])
                run["total_run_time"] = (now - begun).total_seconds()

    def mark_late(self) -> None:
        """What the server's service does every few seconds."""
        for run in self.runs.values():
            if run["state_name"] == "Scheduled" and _time(run["next_scheduled_start_time"]) < (
                self.now() - LATE_AFTER
            ):
                run["state_name"] = "Late"

    def _filter_runs(self, body: Json, *_: Any) -> httpx.Response:
        key, descending = SORTS[body.get("sort", "ID_DESC")]
        return _page(
            sorted(self._chosen(body), key=lambda run: run[key] or "", reverse=descending), body
        )

    def _chosen(self, body: Json) -> list[Json]:
        wanted = body.get("flow_runs") or {}
        return [run for run in self.runs.values() if _matches(run, wanted)]

    def _id(self) -> str:
        self._ids += 1
        return str(uuid5(NAMES, str(self._ids)))


def _matches(run: Json, wanted: Json) -> bool:
    for name, condition in wanted.items():
        if name == "state":
            kinds = (condition.get("type") or {}).get("any_")
            if kinds is not None and run["state_type"] not in kinds:
                return False
        elif not _within(run[name], condition):
            return False
    return True


def _within(value: str | None, condition: Json) -> bool:
    if value is None:
        return False
    after, before = condition.get("after_"), condition.get("before_")
    return not (after and _time(value) < _time(after)) and not (
        before and _time(value) > _time(before)
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ok(value: Any) -> httpx.Response:
    return httpx.Response(200, text=json.dumps(value, default=_iso), headers=JSON)


def _page(rows: Iterable[Json], body: Json) -> httpx.Response:
    limit, offset = body.get("limit", MOST), body.get("offset", 0)
    if limit > MOST:
        detail = f"Invalid limit: must be less than or equal to {MOST}."
        return httpx.Response(422, json={"detail": detail})
    return _ok(list(rows)[offset : offset + limit])


def _iso(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)


JSON = {"Content-Type": "application/json"}
