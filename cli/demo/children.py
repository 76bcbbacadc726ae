"""The processes of the demo. None of them outlives the process that started it.

On Linux the kernel kills them when we die (see child.py); everywhere the next start kills what
the pid file says is left. Each has a session of its own: Ctrl-C in the terminal reaches us alone,
and we stop them in order.
"""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from cli.demo import child
from cli.demo.pid_file import PidFile

__all__ = ["Children", "DemoError", "child_environment"]

LOG_LIMIT_BYTES = 2_000_000
TAIL_BYTES = 2_000
PACKAGES = Path(__file__).resolve().parent.parent.parent


class DemoError(Exception):
    """The demo cannot run here; the message says why and what to do."""


class Children:
    """Starts, watches and stops child processes, each under a name of its own.

    Must be used on the process's main thread: the kernel takes the end of the thread that
    started a child for the end of its parent. Output goes to `<directory>/<name>.log`.
    """

    def __init__(self, directory: Path, log: FilteringBoundLogger) -> None:
        self._directory = directory
        self._log = log
        self._pids = PidFile(directory / "children.json")
        self._running: dict[str, Process] = {}

    def claim(self) -> None:
        """Make the folder ours and end what an earlier run left in it.

        Raises `DemoError` while another live process runs its demo there.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        owner = self._pids.owner()
        if owner is not None:
            raise DemoError(
                f"process {owner} already runs a demo in {self._directory}: stop it, or give "
                "this one another state folder"
            )
        for name in self._pids.reap():
            self._log.warning("demo_stray_ended", child=name)

    async def start(
        self, name: str, command: Sequence[str], settings: Mapping[str, str] | None = None
    ) -> None:
        """Run `command`, whose program is a full path, in the folder of the demo.

        `settings` are environment variables on top of `child_environment`.
        """
        launcher = [sys.executable, "-I", "-S", child.__file__, str(os.getpid())]
        with self.log_path(name).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *launcher,
                *command,
                cwd=self._directory,
                env=child_environment(os.environ) | dict(settings or {}),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._running[name] = process
        self._pids.add(name, process.pid)
        self._log.info("demo_child_started", child=name, pid=process.pid)

    async def ended(self, name: str) -> int:
        """Wait for the end of a child; its exit code, negative for a signal."""
        process = self._running[name]
        code = await process.wait()
        if self._running.get(name) is process:
            self._forget(name)
        return code

    def kill(self, name: str) -> int | None:
        """Kill a child without warning; its process number, None when it does not run."""
        process = self._running.get(name)
        if process is None:
            return None
        try:
            process.kill()
        except ProcessLookupError:
            return None
        return process.pid

    async def stop(self, names: Sequence[str], grace_s: float) -> None:
        """Ask these children to end, and kill those that still run after `grace_s`."""
        await asyncio.gather(*(self._stop(name, grace_s) for name in names))

    def log_path(self, name: str) -> Path:
        """Where the output of a child goes."""
        return self._directory / f"{name}.log"

    def log_tail(self, name: str) -> str:
        """The last lines that a child wrote."""
        try:
            written = self.log_path(name).read_bytes()
        except FileNotFoundError:
            return ""
        return written[-TAIL_BYTES:].decode(errors="replace").strip()

    def bound_logs(self) -> None:
        """Empty each log that has grown too large. A child appends, so it just goes on."""
        for path in self._directory.glob("*.log"):
            if path.stat().st_size > LOG_LIMIT_BYTES:
                os.truncate(path, 0)

    async def _stop(self, name: str, grace_s: float) -> None:
        process = self._running.get(name)
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(grace_s):
                await process.wait()
        except TimeoutError:
            self._log.warning("demo_child_killed", child=name, pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._running.pop(name, None)
        self._pids.remove(name)


def child_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: it imports the packages that we run, wherever they were found.

    Settings meant for the user's own Temporal do not concern the demo's.
    """
    kept = {name: value for name, value in ours.items() if not name.startswith("TEMPORAL_")}
    paths = [str(PACKAGES), *filter(None, [kept.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}
