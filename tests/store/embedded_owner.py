"""What the tests of the embedded PostgreSQL look at it with: owners, processes, rows."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg

__all__ = [
    "DEADLINE_S",
    "IS_ROOT",
    "Owner",
    "open_folder",
    "postmaster",
    "processes_below",
    "read",
    "until",
    "users_below",
    "write",
]

ROOT = Path(__file__).parents[2]
DEADLINE_S = 120
MEMORY = Path("/dev/shm")
MEMORY_NEEDED_BYTES = 1 << 30
IS_ROOT = os.geteuid() == 0

# Starts, prints the URL, and stops when its input ends. argv: state folder, user to become.
# The interpreter may be out of that user's reach: what is imported late is imported before.
OWNER = """
import asyncio, concurrent.futures.thread, os, pwd, sys
from pathlib import Path
import psycopg
from store.embedded import EmbeddedPostgres

async def main():
    postgres = EmbeddedPostgres(Path(sys.argv[1]))
    url = await postgres.start()
    with psycopg.connect(url) as connection:
        connection.execute("SELECT 1")
    print(url, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await postgres.stop()

if len(sys.argv) > 2:
    account = pwd.getpwnam(sys.argv[2])
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
asyncio.run(main())
"""


class Owner:
    """Another process that runs the server of a state folder."""

    def __init__(self, state_dir: Path, *user: str, env: Mapping[str, str] = os.environ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, state_dir, *user],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def url(self) -> str:
        """Wait until the server answers."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("postgresql://"):
                return line.strip()
        raise AssertionError(f"the owner ended with {self.process.wait()}")

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> int:
        """Let it stop its server; its exit code."""
        self.process.communicate("", timeout=DEADLINE_S)
        return self.process.returncode


def processes_below(folder: Path, name: str | None = None) -> list[psutil.Process]:
    """Living processes (of that name) that work in `folder` or below."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            below = Path(process.cwd()).is_relative_to(folder)
            alive = process.status() != psutil.STATUS_ZOMBIE
            if below and alive and name in {None, process.name()}:
                found.append(process)
    return found


def users_below(folder: Path) -> set[str]:
    """Whose processes these are. Some end while they are looked at."""
    found = set()
    for process in processes_below(folder):
        with suppress(psutil.NoSuchProcess):
            found.add(process.username())
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def postmaster(state_dir: Path) -> psutil.Process:
    note = state_dir / "pg18" / "postmaster.pid"
    return psutil.Process(int(note.read_text().splitlines()[0]))


def write(url: str, value: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value INTEGER)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def read(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [value for (value,) in connection.execute("SELECT value FROM kept ORDER BY value")]


@contextmanager
def open_folder() -> Iterator[Path]:
    """A new folder that everybody may pass through, which pytest's is not.

    What still runs below it at the end is killed.
    """
    with tempfile.TemporaryDirectory(prefix="woa-test-", dir=_roomy_folder()) as name:
        path = Path(name)
        path.chmod(0o711)
        yield path
        for process in processes_below(path):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        until(lambda: not processes_below(path))


def _roomy_folder() -> Path:
    """In memory where there is room and programs may run: many clusters are made and removed."""
    if not MEMORY.is_dir() or os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        return Path("/tmp")
    return MEMORY if shutil.disk_usage(MEMORY).free > MEMORY_NEEDED_BYTES else Path("/tmp")
