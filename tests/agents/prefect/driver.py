"""Makes things happen on a Prefect server through its own API, be it real or in memory."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

__all__ = ["Driver"]

BUSY_TRIES = 50


class Driver:
    """A user of the API. Times are the server's: a run told to have been due earlier was."""

    def __init__(
        self, http: httpx.AsyncClient, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.http = http
        self._now = now

    async def pool(self, name: str, **settings: Any) -> None:
        await self._post("work_pools/", {"name": name, "type": "process"} | settings)

    async def queue(self, pool: str, name: str, **settings: Any) -> None:
        await self._post(f"work_pools/{pool}/queues", {"name": name} | settings)

    async def worker(self, pool: str, name: str, interval_s: int = 30) -> None:
        """Say that a worker lives."""
        body = {"name": name, "heartbeat_interval_seconds": interval_s}
        await self._post(f"work_pools/{pool}/workers/heartbeat", body)

    async def deployment(self, name: str, pool: str, queue: str = "default", **more: Any) -> str:
        """A deployment of a flow of the same name; its id."""
        flow = await self._post("flows/", {"name": name})
        body = {
            "name": name,
            "flow_id": flow["id"],
            "work_pool_name": pool,
            "work_queue_name": queue,
            "enforce_parameter_schema": False,
        }
        found = await self._post("deployments/", body | more)
        return str(found["id"])

    async def run(
        self,
        deployment: str,
        due_s_ago: float = 0.0,
        worker: str | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> str:
        """A run of a deployment that was, or will be, due; its id."""
        due = self._now() - timedelta(seconds=due_s_ago)
        state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due.isoformat()}}
        body = {"state": state, "parameters": parameters or {}}
        run = await self._post(f"deployments/{deployment}/create_flow_run", body)
        if worker is not None:
            labels = {"prefect.worker.name": worker}
            await self._ask("PATCH", f"flow_runs/{run['id']}/labels", labels)
        return str(run["id"])

    async def state(self, run: str, kind: str, name: str | None = None, **details: Any) -> None:
        """Put a run into a state, whatever the rules say."""
        state: dict[str, Any] = {"type": kind, "state_details": details}
        if name is not None:
            state["name"] = name
        await self._post(f"flow_runs/{run}/set_state", {"state": state, "force": True})

    async def finish(self, run: str, kind: str = "COMPLETED") -> None:
        """Let a run be placed, run and end."""
        for each in ("PENDING", "RUNNING", kind):
            await self.state(run, each)

    async def limit(self, name: str, limit: int, used: int = 0) -> None:
        """A global concurrency limit, some of it taken."""
        await self._post("v2/concurrency_limits/", {"name": name, "limit": limit})
        if used:
            body = {"names": [name], "slots": used, "mode": "concurrency"}
            await self._post("v2/concurrency_limits/increment", body)

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._ask("POST", path, body)

    async def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        for _ in range(BUSY_TRIES):
            answer = await self.http.request(method, path, json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # SQLite: database is locked
                break
            await asyncio.sleep(0.2)
        if answer.is_error:
            raise AssertionError(f"{path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None
