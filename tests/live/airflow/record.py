"""Records a case for tests/agents/airflow/cases from a real server.

Run: python -m tests.live.airflow.record CASE [--major 2 | --expected-only]
"""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from agents.airflow import AirflowCollector, AirflowConfig
from tests.agents.airflow.replay import CASES, SETTINGS, replayed_case
from tests.agents.http_cases import HttpCase, Recorder
from tests.live.airflow.conftest import new_server
from tests.live.airflow.server import AirflowServer
from tests.live.recording import arguments, write_case

__all__ = ["record"]

LIMIT_S = 240.0
NOT_KEPT = frozenset(
    {
        "conf",
        "dag_version",
        "dag_versions",
        "executor_config",
        "file_token",
        "fileloc",
        "note",
        "pid",
        "rendered_fields",
        "trigger",
        "triggerer_job",
    }
)


def kept(answer: Any) -> Any:
    """Without what is large, or might hold a secret."""
    if isinstance(answer, dict):
        hidden = {"access_token": "of-no-use"} if "access_token" in answer else {}
        return {n: kept(each) for n, each in answer.items() if n not in NOT_KEPT} | hidden
    if isinstance(answer, list):
        return [kept(each) for each in answer]
    page = isinstance(answer, str) and answer.lstrip().startswith("<")
    return answer[:100] if page else answer


async def record(server: AirflowServer) -> HttpCase:
    """Let things happen that the collector can tell, and keep two scrapes of them."""
    recorder = Recorder(httpx.AsyncHTTPTransport(), kept)
    more = {"call_timeout_s": 30, "timeout_s": 120, "overlap_s": 20}
    config = AirflowConfig.model_validate(server.settings | more)
    moments, taken = [], []
    async with AirflowCollector(config, recorder) as collector:

        async def scrape() -> None:
            moments.append(datetime.now(UTC))
            await collector.collect(moments[-1])
            asked = [each for each in recorder.take() if "auth/token" not in each["request"]]
            taken.append(asked)

        await scrape()
        already = {dag: len(server.run_states(dag)) for dag in ("woa_fast", "woa_fail", "woa_slow")}
        for dag in already:
            server.trigger(dag)
        for dag in ("woa_fast", "woa_fail"):
            await until(lambda dag=dag: len(ended(server, dag)) > already[dag])  # type: ignore[misc]
        await scrape()
        await until(lambda: len(ended(server, "woa_slow")) > already["woa_slow"])
    return HttpCase(about(server, moments, taken), taken)


def ended(server: AirflowServer, dag: str) -> list[str]:
    return [state for state in server.run_states(dag) if state in ("success", "failed")]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.5)


def about(
    server: AirflowServer, moments: list[datetime], scrapes: list[list[dict[str, Any]]]
) -> dict[str, Any]:
    """What a reader must know of the case."""
    asked = [each for each in scrapes[0] if each["request"].endswith("/version")]
    versions = [each["json"] for each in asked if each["status"] == httpx.codes.OK]
    return {
        "server": versions[-1]["version"],
        "command": f"python -m tests.live.airflow.record --major {server.major}",
        "recorded": f"{moments[0]:%Y-%m-%d}",
        "note": "without what is large or might hold a secret",
        "settings": SETTINGS,
        "scrapes": [moment.isoformat() for moment in moments],
    }


async def main() -> None:
    parser = arguments()
    parser.add_argument("--major", type=int, default=3)
    asked = parser.parse_args()
    await write_case(asked, CASES, lambda: recorded(asked.major), HttpCase.load, replayed_case)


async def recorded(major: int) -> HttpCase:
    """A case of a server of its own."""
    with tempfile.TemporaryDirectory() as place:
        server = new_server(Path(place), major)
        try:
            server.start()
            return await record(server)
        finally:
            server.stop()


if __name__ == "__main__":
    asyncio.run(main())
