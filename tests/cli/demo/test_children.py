"""Children start, are watched, stop in time, and none stays behind."""

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import structlog

import cli
from cli.demo.children import LOG_LIMIT_BYTES, Children, DemoError, child_environment
from cli.demo.pid_file import PidFile
from tests.cli.demo.waiting import eventually, gone

SLEEP = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(600)",
]


@pytest.fixture
async def children(tmp_path: Path) -> AsyncIterator[Children]:
    made = Children(tmp_path / "demo", structlog.get_logger())
    made.claim()
    yield made
    await made.stop(["a", "b"], grace_s=0)


def pids(folder: Path) -> dict[str, int]:
    return {each.name: each.pid for each in PidFile(folder / "demo" / "children.json").children()}


async def ready(children: Children, name: str) -> None:
    async def said_so() -> bool:
        return "ready" in children.log_tail(name)

    await eventually(said_so, f"{name} is ready")


async def test_started_child_is_on_file(children: Children, tmp_path: Path) -> None:
    await children.start("a", SLEEP)

    assert [psutil.pid_exists(pid) for pid in pids(tmp_path).values()] == [True]


async def test_child_has_a_session_of_its_own(children: Children, tmp_path: Path) -> None:
    await children.start("a", SLEEP)
    await ready(children, "a")

    assert os.getsid(pids(tmp_path)["a"]) == pids(tmp_path)["a"]


async def test_stop_leaves_nothing(children: Children, tmp_path: Path) -> None:
    await children.start("a", SLEEP)
    await children.start("b", SLEEP)
    started = pids(tmp_path)

    await children.stop(["a", "b"], grace_s=30)

    assert ([gone(pid) for pid in started.values()], pids(tmp_path)) == ([True, True], {})


async def test_stop_kills_who_does_not_listen(children: Children, tmp_path: Path) -> None:
    await children.start("a", DEAF)
    await ready(children, "a")
    pid = pids(tmp_path)["a"]

    await children.stop(["a"], grace_s=0.1)

    assert gone(pid)


async def test_stop_twice_is_fine(children: Children) -> None:
    await children.start("a", SLEEP)
    await children.stop(["a"], grace_s=30)

    await children.stop(["a"], grace_s=30)


async def test_end_of_a_child_is_seen(children: Children, tmp_path: Path) -> None:
    await children.start("a", SLEEP)
    children.kill("a")

    code = await children.ended("a")

    assert (code, pids(tmp_path)) == (-signal.SIGKILL, {})


async def test_child_imports_what_we_import(children: Children) -> None:
    await children.start("a", [sys.executable, "-P", "-c", "import cli; print(cli.__file__)"])
    await children.ended("a")

    assert children.log_tail("a") == cli.__file__


async def test_child_gets_settings_of_its_own(children: Children) -> None:
    show = "import os; print(os.environ['OWN'], os.environ['PATH'])"
    await children.start("a", [sys.executable, "-c", show], {"OWN": "1"})
    await children.ended("a")

    assert children.log_tail("a") == f"1 {os.environ['PATH']}"


def test_settings_of_the_users_temporal_stay_out() -> None:
    environment = child_environment({"TEMPORAL_ADDRESS": "x", "HOME": "/h", "PYTHONPATH": "/p"})

    root = str(Path(cli.__file__).parent.parent)
    assert environment == {"HOME": "/h", "PYTHONPATH": f"{root}{os.pathsep}/p"}


def test_folder_of_another_live_demo_is_refused(tmp_path: Path) -> None:
    parent = os.getppid()
    owner = {"name": "woa", "pid": parent, "create_time_s": psutil.Process(parent).create_time()}
    (tmp_path / "children.json").write_text(json.dumps({"owner": owner}))

    with pytest.raises(DemoError, match=f"process {parent} already runs a demo"):
        Children(tmp_path, structlog.get_logger()).claim()


async def test_large_log_is_emptied_and_written_on(children: Children, tmp_path: Path) -> None:
    talk = f"print('x' * {LOG_LIMIT_BYTES + 1}, flush=True); import time; time.sleep(600)"
    await children.start("a", [sys.executable, "-c", talk])

    async def emptied() -> bool:
        large = children.log_path("a").stat().st_size > LOG_LIMIT_BYTES
        children.bound_logs()
        return large

    await eventually(emptied, "a large log")
    assert children.log_path("a").stat().st_size == 0
