"""How the demo lives with a real Temporal server: bursts, kills, stops, and new starts."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import structlog
from temporalio.service import RPCError

import cli
from cli.demo.demo import Demo
from cli.demo.pid_file import PidFile
from cli.demo.temporal_server import SERVER
from tests.cli.demo.staging import CLOSED_WELL, QUICK, Stage, recorded, staged
from tests.cli.demo.waiting import eventually, gone

pytestmark = pytest.mark.live


async def test_burst_builds_a_backlog_that_drains(tmp_path: Path) -> None:
    # Work as long as in the real plan: workers must be slower than the burst on any machine.
    plan = replace(
        QUICK,
        work_ratio=1.0,
        trickle_per_s=0.1,
        first_burst_s=0.0,
        burst_every_s=3_600.0,
        burst_size=50,
        burst_spread_s=1.0,
    )
    async with staged(tmp_path, plan) as stage:

        async def waits() -> bool:
            return await stage.backlog() > 8

        async def drained() -> bool:
            return await stage.backlog() == 0

        await eventually(waits, "a backlog larger than all slots")
        await eventually(drained, "an empty queue")


async def test_killed_worker_is_replaced(tmp_path: Path) -> None:
    async with staged(tmp_path, replace(QUICK, first_kill_s=3.0, kill_every_s=3_600.0)) as stage:
        before = stage.pid("worker-2")

        async def replaced() -> bool:
            return stage.pid("worker-2") not in {None, before}

        await eventually(replaced, "another worker-2")


async def test_ended_server_comes_back_where_it_was(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        await stage.until(CLOSED_WELL)
        psutil.Process(stage.pid(SERVER)).kill()
        seen = await _completed_when_back(stage)

        await stage.until(CLOSED_WELL, least=seen + 1)


async def _completed_when_back(stage: Stage) -> int:
    counts: list[int] = []

    async def answers() -> bool:
        try:
            counts.append(await stage.count(CLOSED_WELL))
        except RPCError:
            return False
        return True

    await eventually(answers, "an answer of the server")
    return counts[-1]


async def test_stop_leaves_no_process(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        pids = [child.pid for child in recorded(tmp_path)]
        await stage.demo.stop()

        assert ([gone(pid) for pid in pids], recorded(tmp_path)) == ([True] * 3, ())


async def test_stop_without_start_and_twice(tmp_path: Path) -> None:
    demo = Demo(tmp_path, structlog.get_logger())

    await demo.stop()
    await demo.stop()

    assert recorded(tmp_path) == ()


async def test_second_start_goes_on_with_the_same_database(tmp_path: Path) -> None:
    async with staged(tmp_path) as first:
        await first.until(CLOSED_WELL)
        before = await first.count(CLOSED_WELL)

    async with staged(tmp_path) as second:
        after = await second.count(CLOSED_WELL)

    assert 0 < before <= after


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Process]:
    """A process that runs a demo in `tmp_path`; whatever a test makes of it, nothing stays."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.cli.demo.host", str(tmp_path)),
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parent.parent)},
        stdout=asyncio.subprocess.PIPE,
    )
    yield process
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
    PidFile(tmp_path / "demo" / "children.json").reap()


async def test_killed_parent_leaves_no_stray_and_no_obstacle(host: Process, tmp_path: Path) -> None:
    assert host.stdout is not None
    while b"127.0.0.1:" not in (line := await host.stdout.readline()):
        assert line, "the parent ended before it was killed"
    left = recorded(tmp_path)

    host.kill()
    await host.wait()

    async def none_left() -> bool:
        return all(gone(child.pid) for child in left)

    assert len(left) == 3
    if sys.platform.startswith("linux"):
        await eventually(none_left, "the end of all children")
    async with staged(tmp_path) as stage:
        assert await none_left()
        await stage.until(CLOSED_WELL)
