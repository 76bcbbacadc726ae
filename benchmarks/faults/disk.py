"""Disks that run full: a small file system in memory, else a limit on the size of files.

Mounting needs root. Without it the processes that write are given a limit on the size of a file
(`RLIMIT_FSIZE`), which they meet as an error of the same kind, and which is taken away again.
"""

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

__all__ = ["Disk", "LimitedFiles", "SmallFileSystem", "small_disk"]

Writers = Callable[[], Sequence[psutil.Process]]


class Disk(Protocol):
    """Where something is written that may run out of room."""

    way: str
    folder: Path

    def fill(self) -> None:
        """No room from here on. Call again to take what became free."""

    def clear(self) -> None:
        """Room again. Safe to call twice."""


class SmallFileSystem:
    """A file system of its own, filled by a file."""

    way = "small file system"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._balloon = folder / "balloon"

    def fill(self) -> None:
        """See `Disk.fill`."""
        handle = os.open(self._balloon, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            size = os.fstat(handle).st_size
            step = 1 << 30
            while step >= 4096:
                try:
                    os.posix_fallocate(handle, size, step)
                    size += step
                except OSError:
                    step //= 2
        finally:
            os.close(handle)

    def clear(self) -> None:
        """See `Disk.clear`."""
        self._balloon.unlink(missing_ok=True)


class LimitedFiles:
    """A folder whose writers may not make any file longer."""

    way = "file-size limit"

    def __init__(self, folder: Path, writers: Writers) -> None:
        self.folder = folder
        self._writers = writers

    def fill(self) -> None:
        """See `Disk.fill`."""
        self._limit("0")

    def clear(self) -> None:
        """See `Disk.clear`."""
        self._limit("unlimited")

    def _limit(self, size: str) -> None:
        for process in self._writers():
            with suppress(psutil.NoSuchProcess, subprocess.CalledProcessError):
                _as_its_user(process, ["prlimit", "--pid", str(process.pid), f"--fsize={size}:"])


def _as_its_user(process: psutil.Process, command: Sequence[str]) -> None:
    """Root may be a root without the right to set limits of others, as in a container."""
    is_other = process.uids().real != os.geteuid()
    subprocess.run(
        command,
        check=True,
        capture_output=True,
        user=process.uids().real if is_other else None,
        group=process.gids().real if is_other else None,
        extra_groups=[] if is_other else None,
    )


@contextmanager
def small_disk(folder: Path, size_bytes: int, writers: Writers) -> Iterator[Disk]:
    """A disk mounted on `folder`, which is made; unmounted on leaving."""
    folder.mkdir(mode=0o755)
    options = f"size={size_bytes},mode=0755"
    mount = ["mount", "-t", "tmpfs", "-o", options, "woa-faults", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        yield LimitedFiles(folder, writers)
        return
    try:
        yield SmallFileSystem(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)
