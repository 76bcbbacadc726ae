"""The servers that the tests have in memory, filled.

`python -m benchmarks.agents.simulated PORT KIND`. `tests/agents/*/behaviour.py` holds them and the
real servers to the same behaviour; here they are asked over a socket, so that their own work is
not the agent's.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from benchmarks.agents.serving import Message, Send, serve
from tests.agents.airflow.fake import RUN, TASK, FakeAirflow
from tests.agents.prefect.fake import FakePrefect

DAY_S = 86_400.0
TASKS, DAGS = 100_000, 10_000
FLOW_RUNS, FLOW_POOLS = 240_000, 20


def airflow() -> FakeAirflow:
    """A day of 100,000 task instances of 10,000 DAGs; 500 run and 1,500 wait."""
    server, now = FakeAirflow(), datetime.now(UTC)
    server.scheduler(1)
    for number in range(TASKS):
        ended = now - timedelta(seconds=DAY_S * (TASKS - number) / TASKS)
        state = "success" if number % 50 else "failed"
        row = _task(number, state, ended - timedelta(seconds=40))
        server.tasks.append(row | {"end_date": ended, "duration": 40.0, "updated_at": ended})
    for number in range(2_000):
        state = "running" if number < 500 else "queued" if number < 1_000 else "scheduled"
        server.tasks.append(_task(TASKS + number, state, now - timedelta(seconds=30)))
    for number in range(DAGS):
        ended = now - timedelta(seconds=DAY_S * (DAGS - number) / DAGS)
        run = {"dag_id": f"dag-{number}", "dag_run_id": "day", "id": str(UUID(int=number))}
        times = {"start_date": ended - timedelta(minutes=5), "end_date": ended}
        times |= {"run_after": ended - timedelta(minutes=6), "updated_at": ended}
        server.runs.append({**RUN, **run, **times, "state": "success"})
    return server


def _task(number: int, state: str, begun: datetime) -> dict[str, Any]:
    waited = {
        "scheduled_when": begun - timedelta(seconds=9),
        "queued_when": begun - timedelta(seconds=5),
        "start_date": begun if state in ("running", "success", "failed") else None,
        "updated_at": begun,
        "hostname": f"worker-{number % 40}",
    }
    key = {"dag_id": f"dag-{number % DAGS}", "dag_run_id": "day", "task_id": f"task-{number}"}
    return {**TASK, **key, **waited, "id": str(UUID(int=number)), "state": state}


def prefect() -> FakePrefect:
    """A day of 240,000 runs in 20 work pools; 400 run and 1,000 are late."""
    server, now = FakePrefect(), datetime.now(UTC)
    for number in range(FLOW_POOLS):
        name = f"pool-{number}"
        server.pools[name] = {"id": str(UUID(int=number)), "name": name, "type": "process"} | {
            "is_paused": False,
            "concurrency_limit": 50,
        }
        server.queues.append(
            {"id": str(UUID(int=10**6 + number)), "name": "default", "work_pool_name": name}
            | {"is_paused": False, "concurrency_limit": None, "priority": 1, "last_polled": None}
        )
    for number in range(FLOW_RUNS):
        begun = now - timedelta(seconds=DAY_S * (FLOW_RUNS - number) / FLOW_RUNS)
        state = ("RUNNING", "Running") if number >= FLOW_RUNS - 400 else ("COMPLETED", "Completed")
        run = _flow_run(number, *state, begun)
        server.runs[run["id"]] = run
    for number in range(FLOW_RUNS, FLOW_RUNS + 1_000):
        run = _flow_run(number, "SCHEDULED", "Late", now - timedelta(seconds=60))
        server.runs[run["id"]] = run | {"start_time": None}
    return server


def _flow_run(number: int, kind: str, name: str, begun: datetime) -> dict[str, Any]:
    pool, at = number % FLOW_POOLS, begun.isoformat()
    ended = begun + timedelta(seconds=20) if kind == "COMPLETED" else None
    return {
        "id": str(UUID(int=number)),
        "name": f"run-{number}",
        "deployment_id": str(UUID(int=2 * 10**6 + number % 500)),
        "work_pool_name": f"pool-{pool}",
        "work_queue_id": str(UUID(int=10**6 + pool)),
        "work_queue_name": "default",
        "run_count": 1,
        "total_run_time": 20.0 if ended else 0.0,
        "expected_start_time": (begun - timedelta(seconds=3)).isoformat(),
        "next_scheduled_start_time": at if kind == "SCHEDULED" else None,
        "start_time": at,
        "end_time": ended.isoformat() if ended else None,
        "labels": {},
        "parameters": {},
        "state_type": kind,
        "state_name": name,
        "state": {"id": str(UUID(int=3 * 10**6 + number)), "type": kind, "name": name}
        | {"timestamp": at},
    }


class Application:
    """A transport of httpx, asked over a socket."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def __call__(self, scope: Message, receive: Any, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        url = f"http://server{scope['path']}?{scope['query_string'].decode()}"
        request = httpx.Request(scope["method"], url, headers=scope["headers"], content=body)
        response = await self._transport.handle_async_request(request)
        content = await response.aread()
        headers = [(b"content-type", response.headers.get("content-type", "").encode())]
        headers += [(b"content-length", str(len(content)).encode())]
        start = {"type": "http.response.start", "status": response.status_code}
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": content})


SERVERS: dict[str, Callable[[], httpx.AsyncBaseTransport]] = {
    "airflow": airflow,
    "prefect": prefect,
}

if __name__ == "__main__":
    serve(Application(SERVERS[sys.argv[2]]()), int(sys.argv[1]))
