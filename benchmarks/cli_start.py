"""What `woa --version` and `woa --help` cost, in starts of Python.

CPU time (user and system) of a process of its own, by `wait4`, in interleaved rounds: each round
runs Python with nothing to do and then the commands. A ratio is of one round; given are the median
of the rounds and a 90 % interval of that median, which holds whatever the distribution (order
statistics of the binomial). Goal: `version_ratio` 3 at most.
"""

import argparse
import os
import sys
from pathlib import Path
from statistics import median

from benchmarks.rounds import ratio_figures

__all__ = ["configure", "run"]

ROUNDS = 31


def configure(parser: argparse.ArgumentParser) -> None:
    """It has no arguments of its own."""
    del parser


def run(arguments: argparse.Namespace) -> dict[str, float]:
    """The figures. Needs the console script beside this Python."""
    del arguments
    python = sys.executable
    woa = str(Path(python).with_name("woa"))
    commands = {
        "python": (python, "-c", "pass"),
        "version": (woa, "--version"),
        "help": (woa, "--help"),
    }
    rounds = [{name: _cpu_s(command) for name, command in commands.items()} for _ in range(ROUNDS)]
    figures = {"rounds": float(ROUNDS)}
    for name in commands:
        figures[f"{name}_cpu_ms"] = round(median(taken[name] for taken in rounds) * 1_000, 2)
    for name in ("version", "help"):
        ratios = [taken[name] / taken["python"] for taken in rounds]
        figures |= ratio_figures(f"{name}_ratio", ratios)
    return figures


def _cpu_s(command: tuple[str, ...]) -> float:
    """User and system seconds of one run, its output thrown away. Raises `SystemExit`."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return usage.ru_utime + usage.ru_stime
