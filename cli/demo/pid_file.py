"""Which processes the demo has started, on disk, so that the next start can end what is left."""

import contextlib
import json
import os
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

__all__ = ["PidFile", "Started"]

# The system's clock may have been set a little since; a process number is not reused that fast.
SAME_START_S = 2.0
KILL_WAIT_S = 10.0


class Started(BaseModel):
    """One process: its number and when it was created (seconds since the epoch)."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    create_time_s: float

    @classmethod
    def of(cls, name: str, pid: int) -> "Started":
        """Describe a process that lives now. Raises `psutil.NoSuchProcess`."""
        return cls(name=name, pid=pid, create_time_s=psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """The process while it lives; None when it ended, also when its number was reused."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.create_time_s) <= SAME_START_S
            alive = process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if same and alive else None


class _Content(BaseModel):
    owner: Started
    children: tuple[Started, ...] = ()


class PidFile:
    """The file at `path`. It belongs to one process at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._children: dict[str, Started] = {}

    def owner(self) -> int | None:
        """Process number of another live process that the file belongs to."""
        content = self._read()
        if content is None or content.owner.pid == os.getpid():
            return None
        return content.owner.pid if content.owner.process() else None

    def children(self) -> tuple[Started, ...]:
        """What the file says; empty when there is none or it cannot be read."""
        content = self._read()
        return content.children if content else ()

    def add(self, name: str, pid: int) -> None:
        """Remember a child that just started; one name is one child."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._children[name] = Started.of(name, pid)
        self._write()

    def remove(self, name: str) -> None:
        """Forget a child that ended; the last one takes the file with it."""
        self._children.pop(name, None)
        self._write()

    def reap(self) -> list[str]:
        """Kill what an earlier owner left behind; its names. Never touches another process."""
        left = [(child.name, process) for child in self.children() if (process := child.process())]
        for _, process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs([process for _, process in left], timeout=KILL_WAIT_S)
        self._path.unlink(missing_ok=True)
        return [name for name, _ in left]

    def _read(self) -> _Content | None:
        try:
            return _Content.model_validate_json(self._path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _write(self) -> None:
        if not self._children:
            self._path.unlink(missing_ok=True)
            return
        content = _Content(
            owner=Started.of("woa", os.getpid()), children=tuple(self._children.values())
        )
        whole = self._path.with_suffix(".tmp")
        whole.write_text(json.dumps(content.model_dump(), indent=2))
        whole.replace(self._path)
