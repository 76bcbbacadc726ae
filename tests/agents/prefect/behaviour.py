"""What the agent relies on. The server in memory and the real one are held to the same."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.agents.prefect.driver import Driver

__all__ = ["PrefectBehaviour"]


def name(kind: str) -> str:
    """Nobody else's: the real server is shared."""
    return f"{kind}-{uuid4().hex[:8]}"


class PrefectBehaviour:
    """Inherit, and give a fixture `http`: a client of the API."""

    @pytest.fixture
    def version(self) -> tuple[int, ...]:
        """Of the server; older ones tell less."""
        return (3, 8)

    @pytest.fixture
    async def driver(self, http: httpx.AsyncClient) -> Driver:
        return Driver(http)

    @pytest.fixture
    async def pool(self, driver: Driver) -> str:
        pool = name("pool")
        await driver.pool(pool, concurrency_limit=5)
        return pool

    @pytest.fixture
    async def deployment(self, driver: Driver, pool: str) -> str:
        return await driver.deployment(name("flow"), pool)

    async def test_a_run_keeps_the_time_it_was_due(self, driver: Driver, deployment: str) -> None:
        run = await driver.run(deployment, due_s_ago=40)
        due = (await found(driver, run))["expected_start_time"]
        await driver.state(run, "SCHEDULED", "AwaitingConcurrencySlot", scheduled_time=in_an_hour())

        put_off = await found(driver, run)
        assert put_off["expected_start_time"] == due
        assert put_off["state_type"] == "SCHEDULED"

    async def test_a_run_that_ran_has_its_times(self, driver: Driver, deployment: str) -> None:
        run = await driver.run(deployment, due_s_ago=40)
        await driver.finish(run)

        ended = await found(driver, run)
        wait = time_of(ended["start_time"]) - time_of(ended["expected_start_time"])
        assert 40 <= wait.total_seconds() < 100
        assert ended["run_count"] == 1
        assert time_of(ended["end_time"]) >= time_of(ended["start_time"])

    async def test_a_run_that_crashed_before_it_ran_has_not_run(
        self, driver: Driver, deployment: str, version: tuple[int, ...]
    ) -> None:
        run = await driver.run(deployment)
        await driver.state(run, "CRASHED")

        crashed = await found(driver, run)
        assert crashed["run_count"] == 0
        if version >= (3, 8):
            assert crashed["start_time"] is not None

    async def test_a_pending_run_holds_a_slot(
        self, driver: Driver, pool: str, deployment: str, version: tuple[int, ...]
    ) -> None:
        await driver.state(await driver.run(deployment), "PENDING")

        (listed,) = [each for each in await rows(driver, "work_pools") if each["name"] == pool]
        assert listed.get("active_slots") == (1 if version >= (3, 8) else None)

    async def test_runs_are_chosen_by_state_and_time(self, driver: Driver, deployment: str) -> None:
        begun = datetime.now(UTC) - timedelta(seconds=1)
        done, waiting = await driver.run(deployment, 10), await driver.run(deployment, 10)
        await driver.finish(done)

        after = {"end_time": {"after_": begun.isoformat()}}
        assert done in await chosen(driver, after, "END_TIME_DESC")
        due = {
            "state": {"type": {"any_": ["SCHEDULED"]}},
            "expected_start_time": {"before_": datetime.now(UTC).isoformat()},
        }
        found_due = await chosen(driver, due, "EXPECTED_START_TIME_ASC")
        assert waiting in found_due
        assert done not in found_due

    async def test_a_page_has_at_most_200_rows(self, driver: Driver) -> None:
        answer = await driver.http.post("flow_runs/filter", json={"limit": 201})

        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY

    async def test_pages_follow_one_another(self, driver: Driver, deployment: str) -> None:
        for _ in range(3):
            await driver.run(deployment)

        whole = await chosen(driver, {}, "ID_DESC", limit=3)
        first = await chosen(driver, {}, "ID_DESC", limit=2)
        second = await chosen(driver, {}, "ID_DESC", limit=2, offset=2)
        assert [*first, *second][:3] == whole

    async def test_the_states_of_a_run_are_all_kept(self, driver: Driver, deployment: str) -> None:
        run = await driver.run(deployment)
        await driver.finish(run)

        answer = await driver.http.get("flow_run_states/", params={"flow_run_id": run})
        assert [each["type"] for each in answer.json()] == [
            "SCHEDULED",
            "PENDING",
            "RUNNING",
            "COMPLETED",
        ]

    async def test_a_worker_is_online_after_its_heartbeat(self, driver: Driver, pool: str) -> None:
        await driver.worker(pool, "w1")

        answer = await driver.http.post(f"work_pools/{pool}/workers/filter", json={})
        assert [(each["name"], each["status"]) for each in answer.json()] == [("w1", "ONLINE")]

    async def test_workers_of_no_pool_are_not_found(self, driver: Driver) -> None:
        answer = await driver.http.post("work_pools/nowhere/workers/filter", json={})

        assert answer.status_code == httpx.codes.NOT_FOUND

    async def test_a_limit_tells_its_slots(self, driver: Driver) -> None:
        limit = name("limit")
        await driver.limit(limit, 3, used=2)

        (told,) = [
            each for each in await rows(driver, "v2/concurrency_limits") if each["name"] == limit
        ]
        assert (told["limit"], told["active_slots"]) == (3, 2)


async def found(driver: Driver, run: str) -> dict[str, Any]:
    answer = await driver.http.post("flow_runs/filter", json={"limit": 200, "sort": "ID_DESC"})
    (it,) = [each for each in answer.json() if each["id"] == run]
    assert isinstance(it, dict)
    return it


async def rows(driver: Driver, what: str) -> list[dict[str, Any]]:
    answer = await driver.http.post(f"{what}/filter", json={"limit": 200})
    return list(answer.json())


async def chosen(driver: Driver, runs: Any, sort: str, **page: int) -> list[str]:
    body = {"flow_runs": runs, "sort": sort, "limit": 200, **page}
    answer = await driver.http.post("flow_runs/filter", json=body)
    assert answer.is_success, answer.text
    return [each["id"] for each in answer.json()]


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()
