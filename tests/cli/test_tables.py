"""How numbers are written, and that a table fits a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.tables import age, number, percent, size
from tests.cli.test_context import set_
from tests.cli.woa import clean_environment, invoke

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
LONG = "https://woa.an-address-that-is-longer-than-the-terminal-is-wide.example.com/below/a/path"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (number(None), "-"),
        (number(0), "0"),
        (number(1234567), "1,234,567"),
        (number(0.0, 1), "0.0"),
        (number(0.04, 1), "<0.1"),
        (number(0.05, 1), "0.1"),
        (percent(None), "-"),
        (percent(0.0), "0.0%"),
        (percent(0.0004), "<0.1%"),
        (percent(0.013), "1.3%"),
        (percent(0.67), "67%"),
        (percent(1.25), "125%"),
        (size(None), "-"),
        (size(0), "0 B"),
        (size(999), "999 B"),
        (size(8192), "8.19 kB"),
        (size(65536), "65.5 kB"),
        (size(20_000_000_000), "20.0 GB"),
        (age(None, NOON), "-"),
        (age(NOON + timedelta(seconds=1), NOON), "0s"),
        (age(NOON - timedelta(seconds=59), NOON), "59s"),
        (age(NOON - timedelta(minutes=59), NOON), "59m"),
        (age(NOON - timedelta(hours=49), NOON), "2d"),
    ],
)
def test_a_value_is_written(shown: str, expected: str) -> None:
    assert shown == expected


def in_terminal(*arguments: str, folder: Path, columns: int) -> str:
    """What the command writes to a terminal of this width."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    env = {name: v for name, v in clean_environment(folder).items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        env=env | {"TERM": "xterm"},
        stdin=its,
        stdout=its,
        stderr=subprocess.DEVNULL,
    )
    os.close(its)
    written = b""
    try:
        while chunk := os.read(ours, 65536):
            written += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return written.decode()


def test_a_terminal_is_not_overrun_and_loses_nothing(tmp_path: Path) -> None:
    set_(tmp_path, "production", "--url", LONG, "--token-file", "-")
    lines = in_terminal("context", "list", folder=tmp_path, columns=60).splitlines()
    pieces = "".join(lines[2:]).replace("kept", "").split()

    assert len(lines) > 3
    assert max(map(len, lines)) <= 60
    assert "".join(pieces) == f"production{LONG}"


def test_a_pipe_gets_whole_lines(tmp_path: Path) -> None:
    set_(tmp_path, "production", "--url", LONG)
    answer = invoke("context", "list", folder=tmp_path)

    assert len(answer.out.splitlines()) == 3
    assert LONG in answer.out
