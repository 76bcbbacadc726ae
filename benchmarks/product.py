"""`woa up` as a user starts it: a process of its own, a state folder of its own, a free port.

Used by the benchmarks and by the acceptance tests, which look at it from outside only.
"""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.servers import free_ports

__all__ = ["Memory", "Product", "ProductError", "free_port", "leftovers", "memory_mb", "running"]

LINK = re.compile(r"http://\S+/login\?code=\S+")


class ProductError(RuntimeError):
    """The product did not do what was waited for; the message holds its output."""


def free_port() -> int:
    """A port that nobody listens on now."""
    (port,) = free_ports(1)
    return port


@dataclass(frozen=True)
class Memory:
    """Megabytes of the product's processes; `pss` counts shared pages once."""

    rss_mb: float
    pss_mb: float


class Product:
    """A running `woa up`."""

    def __init__(self, process: subprocess.Popen[str], state_dir: Path, port: int) -> None:
        self.process = process
        self.state_dir = state_dir
        self.port = port
        self.output: list[str] = []
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_line(self, pattern: str, timeout_s: float = 120) -> re.Match[str]:
        """The first line from now on that matches. Raises `ProductError`."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                line = self._lines.get(timeout=left_s)
            except queue.Empty:
                break
            if line is None:
                raise ProductError(f"woa ended before {pattern!r}:\n{''.join(self.output)}")
            if match := re.search(pattern, line):
                return match
        raise ProductError(f"no {pattern!r} within {timeout_s} s:\n{''.join(self.output)}")

    def wait_for_link(self, timeout_s: float = 120) -> str:
        """The printed login link."""
        return self.wait_for_line(LINK.pattern, timeout_s).group(0)

    def kill(self) -> None:
        """SIGKILL, as a power cut of this one process."""
        self.process.kill()
        self.wait(timeout_s=60)

    def stop(self, timeout_s: float = 120) -> int:
        """Ctrl-C, then wait; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.wait(timeout_s)

    def wait(self, timeout_s: float = 120) -> int:
        """Wait for the end, with all that was printed; returns the exit code."""
        code = self.process.wait(timeout=timeout_s)
        self._reader.join(timeout=60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            self._lines.put(line)
        self._lines.put(None)


def start(
    state_dir: Path, *arguments: str, port: int | None = None, env: Mapping[str, str] | None = None
) -> Product:
    """Start `woa up` with `arguments`; standard output and error are read as one."""
    port = port or free_port()
    environment = {
        **os.environ,
        "WOA_STATE_DIR": str(state_dir),
        "WOA_API__PORT": str(port),
        **(env or {}),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "up", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    return Product(process, state_dir, port)


@contextmanager
def running(
    state_dir: Path, *arguments: str, port: int | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Product]:
    """`start`, and whatever happens a stop at the end."""
    product = start(state_dir, *arguments, port=port, env=env)
    try:
        yield product
    finally:
        if product.process.poll() is None:
            product.stop()


def processes(product: Product) -> list[psutil.Process]:
    """The process, its children, and PostgreSQL, which lives in a session of its own."""
    own = psutil.Process(product.process.pid)
    found = {own.pid: own}
    roots = [own, *_of_state_dir(product.state_dir)]
    for root in roots:
        found[root.pid] = root
        found |= {child.pid: child for child in root.children(recursive=True)}
    return list(found.values())


def memory_mb(product: Product) -> Memory:
    """Memory of all processes except the watched Temporal server."""
    rss = pss = 0
    for process in processes(product):
        try:
            if Path(process.exe()).name == "temporal":
                continue
            full = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        rss += full.rss
        pss += full.pss
    return Memory(round(rss / 1e6, 1), round(pss / 1e6, 1))


def leftovers(state_dir: Path) -> list[str]:
    """Command lines of processes that still belong to `state_dir`."""
    return [" ".join(process.cmdline()) for process in _of_state_dir(state_dir)]


def _of_state_dir(state_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            inside = [process.cwd(), *words]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(state_dir) in word for word in inside):
            found.append(process)
    return found
