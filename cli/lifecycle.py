"""How a process of several parts runs: started in order, stopped in the reverse, on a signal."""

import asyncio
import fcntl
import os
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

from cli.exits import CommandError, Exit

__all__ = ["Services", "needing", "only_one", "progress", "run_until_stopped", "say"]

log = structlog.get_logger(__name__)

SAME_MOMENT_S = 1.0


class Services:
    """The running parts of this process; `stack` stops them in the reverse of their start."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.stack = stack
        self._tasks: list[asyncio.Task[None]] = []

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a part until it is stopped; that it ends by itself is a failure of the process."""
        task = asyncio.create_task(work, name=name)
        self._tasks.append(task)
        self.stack.push_async_callback(_end, task)

    async def wait(self, stopping: "asyncio.Future[Any]") -> asyncio.Task[None] | None:
        """Until a stop is asked for (None) or a part ends by itself (that part)."""
        await asyncio.wait([stopping, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
        return next((task for task in self._tasks if task.done() and not stopping.done()), None)


async def run_until_stopped(start: Callable[[Services], Awaitable[None]]) -> None:
    """Start the parts, keep them until SIGINT or SIGTERM, stop them.

    Raises what `start` raises, and `CommandError` when a part ends by itself.
    """
    stop = _stop_signal()
    async with AsyncExitStack() as stack:
        services = Services(stack)
        starting = asyncio.ensure_future(start(services))
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            starting.cancel()
            await asyncio.wait([starting])
        else:
            await starting
        failed = await services.wait(stopping)
        say("Stopping")
    if failed is not None:
        raise CommandError(f"{failed.get_name()} stopped: {failed.exception()}")
    say("Stopped; nothing is left running")


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait([task])
    if not task.cancelled() and task.exception() is not None:
        log.error("part_failed", part=task.get_name(), error=repr(task.exception()))


def _stop_signal() -> asyncio.Event:
    """Set by the first SIGINT or SIGTERM; a later one ends the process at once.

    What sends the first may send it to the process and to its group: twice at one moment is once.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    asked_s = 0.0

    def ask() -> None:
        nonlocal asked_s
        if not stop.is_set():
            asked_s = loop.time()
            stop.set()
        elif loop.time() - asked_s > SAME_MOMENT_S:
            say("Stopped at once; the next start takes over what is still running")
            os._exit(Exit.FAILED)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    return stop


@contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Hold the state folder; the lock dies with the process. Raises `CommandError`."""
    path = state_dir / "woa.lock"
    try:
        if not state_dir.exists():
            state_dir.mkdir(parents=True)
            # Passable whatever the umask: for root PostgreSQL runs as an unprivileged user.
            state_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
        lock = path.open("a")
    except OSError as error:
        raise CommandError(
            f"cannot write to {state_dir}: {error.strerror}; set WOA_STATE_DIR to a folder of yours"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CommandError(
                f"another woa already uses {state_dir}; stop it, or give this one a "
                "folder of its own with WOA_STATE_DIR (and a port with WOA_API__PORT)"
            ) from error
        yield


@contextmanager
def needing(extra: str, what: str, otherwise: str) -> Iterator[None]:
    """Around imports of packages that only an extra installs. Raises `CommandError`."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise CommandError(
            f"{what} needs the package {error.name}: pip install 'woa[{extra}]', {otherwise}"
        ) from error


def say(line: str) -> None:
    """A line for the person who started this."""
    print(line, flush=True)


@contextmanager
def progress(part: str, detail: str = "") -> Iterator[None]:
    """Say what is being started, and how long it took."""
    say(f"  {part:<11} {detail or 'starting'} ...")
    started_s = time.monotonic()
    yield
    say(f"  {part:<11} ready in {time.monotonic() - started_s:.1f} s")
