"""Becomes another program that dies with its parent: `python child.py PARENT_PID PROGRAM ARG...`.

Run by its path and without `site`, so that it costs a few milliseconds before it execs away.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with(parent_pid: int) -> None:
    """The kernel kills this process, and what it execs, when its parent's thread ends.

    Without prctl (not Linux) nothing happens: then the pid file alone finds strays.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:  # it died before the kernel knew
        sys.exit(1)


if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
