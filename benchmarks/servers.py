"""What is needed to run real servers as children: free ports, waiting, and not outliving us."""

import contextlib
import ctypes
import signal
import socket
import sys
import time
from collections.abc import Callable

__all__ = ["die_with_parent", "free_ports", "wait_for"]

PR_SET_PDEATHSIG = 1


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


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
