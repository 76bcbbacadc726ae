"""What the agent relies on. The server in memory and the real ones are held to the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from agents.airflow.dialect import DIALECTS, Dialect
from agents.airflow.wire import DagRuns, Health, Jobs, Pools, TaskInstances

__all__ = ["AirflowBehaviour"]


class AirflowBehaviour:
    """Inherit, and give two fixtures: `http`, a client that may read, on a server on which some
    tasks ran to an end in the last hour, and `dialect`."""

    async def test_the_version_needs_no_credentials(
        self, http: httpx.AsyncClient, dialect: Dialect
    ) -> None:
        answer = await http.get(f"{dialect.base}/version", auth=NOBODY)

        assert answer.json()["version"]

    async def test_lists_do(self, http: httpx.AsyncClient, dialect: Dialect) -> None:
        answer = await http.get(f"{dialect.base}/pools", auth=NOBODY)

        assert answer.status_code in (401, 403)

    async def test_the_other_version_of_the_api_is_not_there(
        self, http: httpx.AsyncClient, dialect: Dialect
    ) -> None:
        (other,) = [each for each in DIALECTS if each is not dialect]

        assert (await http.get(f"{other.base}/version")).status_code == 404

    async def test_answers_have_the_shape_that_is_read(
        self, http: httpx.AsyncClient, dialect: Dialect
    ) -> None:
        health = await read(http, dialect.health, Health)
        assert health.metadatabase.status == "healthy"
        assert health.scheduler.heartbeat is not None
        pools = await read(http, f"{dialect.base}/pools", Pools)
        assert "default_pool" in {pool.name for pool in pools.pools}
        tasks = await read(http, dialect.task_instances, TaskInstances, state="success")
        assert {row.state for row in tasks.task_instances} == {"success"}
        assert all(row.start_date and row.queued_when for row in tasks.task_instances)
        runs = await read(http, dialect.dag_runs, DagRuns)
        assert all(run.dag_run_id for run in runs.dag_runs)
        if dialect.jobs:
            jobs = await read(http, f"{dialect.base}/jobs", Jobs, is_alive="true")
            assert "SchedulerJob" in {job.job_type for job in jobs.jobs}

    async def test_only_version_3_tells_when_a_task_could_run(
        self, http: httpx.AsyncClient, dialect: Dialect
    ) -> None:
        tasks = await read(http, dialect.task_instances, TaskInstances, state="success")

        told = {row.scheduled_when is not None for row in tasks.task_instances}
        assert told == {dialect.name == "v2"}

    async def test_no_rows_are_a_count(self, http: httpx.AsyncClient, dialect: Dialect) -> None:
        whole = await read(http, dialect.task_instances, TaskInstances)
        counted = await read(http, dialect.task_instances, TaskInstances, limit=0)

        assert counted.task_instances == []
        assert counted.total_entries == whole.total_entries
        assert whole.total_entries

    async def test_states_add_up(self, http: httpx.AsyncClient, dialect: Dialect) -> None:
        ended = [("state", "success"), ("state", "failed")]
        both = await http.get(dialect.task_instances, params=[*ended, ("limit", "0")])
        singly = [
            await http.get(dialect.task_instances, params=[each, ("limit", "0")]) for each in ended
        ]

        assert both.json()["total_entries"] == sum(each.json()["total_entries"] for each in singly)

    async def test_pages_hold_all_rows_once(
        self, http: httpx.AsyncClient, dialect: Dialect
    ) -> None:
        params: dict[str, Any] = {"limit": 2}
        if dialect.sorts:
            params |= {"order_by": "id"}
        total = (await read(http, dialect.task_instances, TaskInstances)).total_entries or 0
        by_offset = [
            row.key
            for begin in range(0, total, 2)
            for row in (
                await read(http, dialect.task_instances, TaskInstances, offset=begin, **params)
            ).task_instances
        ]

        assert len(by_offset) == len(set(by_offset)) == total
        version = (await http.get(f"{dialect.base}/version")).json()["version"]
        if tuple(map(int, version.split(".")[:2])) >= (3, 3):
            assert await self.by_cursor(http, dialect, params) == by_offset

    async def by_cursor(
        self, http: httpx.AsyncClient, dialect: Dialect, params: dict[str, Any]
    ) -> list[Any]:
        keys, cursor = [], ""
        while True:
            page = await read(http, dialect.task_instances, TaskInstances, cursor=cursor, **params)
            keys += [row.key for row in page.task_instances]
            if page.next_cursor is None:
                return keys
            cursor = page.next_cursor

    async def test_what_changed_is_chosen_by_its_time(
        self, http: httpx.AsyncClient, dialect: Dialect
    ) -> None:
        now = datetime.now(UTC)
        hour = timedelta(hours=1)

        lists = {dialect.task_instances: "task_instances", dialect.dag_runs: "dag_runs"}
        for path, rows in lists.items():
            recent = dialect.changed(now - hour, now - 24 * hour, iter(("success", "failed")))
            later = dialect.changed(now + hour, now - 24 * hour, iter(("success", "failed")))
            due_later = dialect.changed(now - hour, now + hour, iter(("success", "failed")))
            assert (await http.get(path, params=recent)).json()[rows]
            assert (await http.get(path, params=later)).json()[rows] == []
            if dialect.name == "v2":
                assert (await http.get(path, params=due_later)).json()[rows] == []


NOBODY = httpx.Auth()


async def read(http: httpx.AsyncClient, path: str, into: type[Any], **params: Any) -> Any:
    answer = await http.get(path, params=params)
    assert answer.is_success, answer.text
    return msgspec.json.decode(answer.content, type=into)
