"""Tasks that wait for a worker for known times."""

import asyncio
import json
import os
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from agents.airflow import AirflowCollector, AirflowConfig
from tests.live.airflow.server import ADMIN, AirflowServer
from tests.live.matrix.versions import asked_version
from tests.live.waits.workload import Item, play, the_known_p95

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

LIMIT_S = 240.0


async def test_the_p95_of_known_waits_is_told(airflow: AirflowServer) -> None:
    """They wait in the queue of an executor; the test is its worker."""
    if asked_version("airflow") in ("3.0", "3.1"):
        pytest.skip("before 3.2 an executor is handed its tasks otherwise than that of the test")
    held: dict[Item, dict[str, Any]] = {}
    taken: dict[str, datetime] = {}
    one_by_one = asyncio.Lock()  # SQLite refuses whoever waits too long for others' writes
    admin = httpx.AsyncClient(base_url=airflow.base, timeout=60, **airflow.signed(ADMIN))
    worker = httpx.AsyncClient(base_url=f"{airflow.url}/execution/task-instances", timeout=60)
    settings = {"call_timeout_s": 30, "timeout_s": 120, "overlap_s": 20}
    config = AirflowConfig.model_validate(airflow.settings | settings)
    async with admin, worker, AirflowCollector(config) as collector:

        async def submit(item: Item) -> None:
            """A run of one task, which the scheduler has given to the executor."""
            run = f"item-{item.number}"
            body = {"dag_run_id": run, "logical_date": None}
            async with one_by_one:
                (await admin.post("/dags/woa_held/dagRuns", json=body)).raise_for_status()
            handed = airflow.folder / "held" / run
            async with asyncio.timeout(LIMIT_S):
                while not handed.exists():
                    await asyncio.sleep(0.2)
            held[item] = json.loads(handed.read_text())

        async def release(item: Item) -> None:
            """What a worker says of a task that it takes, and then of its end."""
            task, now = held[item], datetime.now(UTC)
            who = {"hostname": "w1", "unixname": "w1", "pid": os.getpid()}
            taken[task["ti"]["run_id"]] = now
            async with one_by_one:
                token = {"Authorization": f"Bearer {task['token']}"}
                body = {"state": "running", "start_date": now.isoformat(), **who}
                path = f"/{task['ti']['id']}"
                begun = await worker.patch(f"{path}/run", json=body, headers=token)
                begun.raise_for_status()
                if "Refreshed-API-Token" in begun.headers:
                    token = {"Authorization": f"Bearer {begun.headers['Refreshed-API-Token']}"}
                body = {"state": "success", "end_date": datetime.now(UTC).isoformat()}
                ended = await worker.patch(f"{path}/state", json=body, headers=token)
                ended.raise_for_status()

        await collector.collect(datetime.now(UTC))
        await play(submit, release)
        batch = await collector.collect(datetime.now(UTC))

    tries = [each for each in airflow.tries() if each.task == "held"]
    known_ms = [
        (taken[each.run] - each.scheduled).total_seconds() * 1000
        for each in tries
        if each.scheduled
    ]
    the_known_p95(batch.orchestrator, known_ms)
