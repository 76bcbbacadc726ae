"""The pid file finds what is ours and spares what is not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.demo.pid_file import PidFile
from tests.cli.demo.waiting import gone


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that stays until someone ends it."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def write(path: Path, owner: dict[str, Any], child: dict[str, Any]) -> None:
    path.write_text(json.dumps({"owner": owner, "children": [child]}))


def entry(pid: int, older_s: float = 0.0) -> dict[str, Any]:
    created = psutil.Process(pid).create_time()
    return {"name": "left", "pid": pid, "create_time_s": created - older_s}


def test_reaps_what_an_earlier_run_left(tmp_path: Path, sleeper: int) -> None:
    write(tmp_path / "pids", entry(os.getpid(), older_s=3_600), entry(sleeper))

    reaped = PidFile(tmp_path / "pids").reap()

    assert (reaped, gone(sleeper), (tmp_path / "pids").exists()) == (["left"], True, False)


def test_spares_a_process_that_got_the_number_later(tmp_path: Path, sleeper: int) -> None:
    write(tmp_path / "pids", entry(os.getpid()), entry(sleeper, older_s=60))

    reaped = PidFile(tmp_path / "pids").reap()

    assert (reaped, gone(sleeper)) == ([], False)


def test_owner_is_another_live_process(tmp_path: Path, sleeper: int) -> None:
    write(tmp_path / "pids", entry(sleeper), entry(os.getpid()))

    assert PidFile(tmp_path / "pids").owner() == sleeper


def test_dead_owner_is_none(tmp_path: Path, sleeper: int) -> None:
    write(tmp_path / "pids", entry(sleeper, older_s=60), entry(os.getpid()))

    assert PidFile(tmp_path / "pids").owner() is None


def test_we_own_what_we_wrote(tmp_path: Path, sleeper: int) -> None:
    pids = PidFile(tmp_path / "pids")
    pids.add("worker", sleeper)

    assert (pids.owner(), [child.pid for child in pids.children()]) == (None, [sleeper])


def test_last_child_takes_the_file_with_it(tmp_path: Path, sleeper: int) -> None:
    pids = PidFile(tmp_path / "pids")
    pids.add("worker", sleeper)

    pids.remove("worker")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", '{"children": []}'])
def test_broken_file_reads_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "pids").write_text(content)

    assert PidFile(tmp_path / "pids").children() == ()
