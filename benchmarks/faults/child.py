"""Child processes that speak in lines, and those that are started again whenever they end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks.product import free_port
from benchmarks.servers import die_with_parent

__all__ = ["Child", "Ingest", "ended"]

STOP_S = 60.0
RESTART_S = 0.5
LINE_LIMIT_BYTES = 1 << 20


async def ended(process: asyncio.subprocess.Process, how: signal.Signals) -> int:
    """Send the signal and wait for the end, at last with `SIGKILL`; the exit code."""
    with suppress(ProcessLookupError):
        process.send_signal(how)
    try:
        async with asyncio.timeout(STOP_S):
            return await process.wait()
    except TimeoutError:
        process.kill()
        return await process.wait()


class Child:
    """A module of ours that runs until its input ends."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, log: Path, module: str, *arguments: str) -> "Child":
        """What it says on standard error goes to `log`."""
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, *arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                limit=LINE_LIMIT_BYTES,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        return cls(process)

    async def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    async def answer(self) -> str:
        """The next line that it says. Raises `EOFError`."""
        assert self.process.stdout
        line = await self.process.stdout.readline()
        if not line:
            raise EOFError(f"a child of the benchmark ended with {await self.process.wait()}")
        return line.decode().strip()

    async def stop(self) -> None:
        """Return when it is gone. Safe to call twice."""
        await ended(self.process, signal.SIGKILL)


class Ingest:
    """`woa ingest run`, started again whenever it ends, as Kubernetes would."""

    def __init__(self, name: str, folder: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.starts = 0
        self._folder = folder / name
        self._folder.mkdir()
        self.log = folder / f"{name}.log"
        self._env = env
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._log_start = 0

    def keep_running(self) -> None:
        """Start it and see that it runs until `stop`."""
        self._keeping = asyncio.create_task(self._keep())

    async def kill(self) -> None:
        """`kill -9`; it is started again by itself."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> int | None:
        """As Kubernetes stops it; its exit code. Safe to call twice."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
            self._keeping = None
        process, self._process = self._process, None
        return await ended(process, signal.SIGTERM) if process else None

    def said(self, event: str) -> int:
        """How often its log has the event."""
        return self._said(event, 0)

    def is_at_work(self) -> bool:
        """Whether it has got partitions since it was last started."""
        return self._said("partitions_assigned", self._log_start) > 0

    def _said(self, event: str, start: int) -> int:
        if not self.log.exists():
            return 0
        with self.log.open("rb") as log:
            log.seek(start)
            return sum(_event(line) == event for line in log)

    async def _keep(self) -> None:
        while True:
            with self.log.open("ab") as log:
                self._log_start = log.tell()
                self._process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "cli.main", "ingest", "run"),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=self._environment(),
                    start_new_session=True,
                    preexec_fn=die_with_parent,
                )
            self.starts += 1
            await self._process.wait()
            await asyncio.sleep(RESTART_S)

    def _environment(self) -> dict[str, str]:
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("WOA_")}
        own = {"WOA_API__PORT": str(free_port()), "WOA_STATE_DIR": str(self._folder)}
        return inherited | dict(self._env) | own


def _event(line: bytes) -> object:
    try:
        said: object = json.loads(line)
    except ValueError:
        return None
    return said.get("event") if isinstance(said, dict) else None
