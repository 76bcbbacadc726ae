"""What is needed to run real servers as children: free ports, waiting, and not outliving us."""

import contextlib
import ctypes
import itertools
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["cache_folder", "die_with_parent", "free_ports", "wait_for"]

PR_SET_PDEATHSIG = 1
FIRST_PORT, PORTS = 20_000, 12_000
"""Below those that the system gives to outgoing connections."""

STRIDE = 499
"""Between the first ports of two processes with neighbouring ids."""

_numbers = itertools.count()


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, and that nobody else is about to take.

    A process gives none twice until all were given, and each process begins elsewhere: what is
    started later finds its port as free as it was. Raises `OSError` where all are taken.
    """
    found: list[int] = []
    for _ in range(PORTS):
        if len(found) == count:
            return found
        port = FIRST_PORT + (os.getpid() * STRIDE + next(_numbers)) % PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    raise OSError(f"no port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free")


def cache_folder() -> Path:
    """Where `make servers` and `make peers` put what they get."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "woa"


def die_with_parent() -> None:
    """Run in a child before its program: a parent that is killed leaves nobody behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(condition: Callable[[], bool], limit_s: float, what: str) -> None:
    """Poll until `condition` holds; fail naming `what` when it does not in time."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {limit_s:g} s")
        time.sleep(0.1)
