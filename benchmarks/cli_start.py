"""What `woa --version` and `woa --help` cost, in starts of Python.

CPU time (user and system) of a process of its own, by `wait4`, in interleaved rounds: each round
runs Python with nothing to do and then the commands. A ratio is of one round; given are the median
of the rounds and a 90 % interval of that median, which holds whatever the distribution (order
statistics of the binomial). Goal: `version_ratio` 3 at most.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from math import comb
from pathlib import Path
from statistics import median

__all__ = ["configure", "median_interval", "run"]

ROUNDS = 31
CONFIDENCE = 0.9


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
        low, high = median_interval(ratios, CONFIDENCE)
        figures[f"{name}_ratio"] = round(median(ratios), 2)
        figures[f"{name}_ratio_low"] = round(low, 2)
        figures[f"{name}_ratio_high"] = round(high, 2)
    return figures


def median_interval(samples: Sequence[float], confidence: float) -> tuple[float, float]:
    """The narrowest pair of order statistics around the median of at least this confidence.

    That the median lies outside the k-th smallest and the k-th largest of n samples has the
    probability `2 P(Binomial(n, 1/2) < k)` (Conover, Practical Nonparametric Statistics).
    Raises `ValueError` where even the extremes do not reach the confidence.
    """
    ordered, count = sorted(samples), len(samples)
    outside, k = 2 / 2**count, 0
    if outside > 1 - confidence:
        raise ValueError(f"{count} samples are too few for confidence {confidence}")
    while outside + 2 * comb(count, k + 1) / 2**count <= 1 - confidence:
        k += 1
        outside += 2 * comb(count, k) / 2**count
    return ordered[k], ordered[count - 1 - k]


def _cpu_s(command: tuple[str, ...]) -> float:
    """User and system seconds of one run, its output thrown away. Raises `SystemExit`."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return usage.ru_utime + usage.ru_stime
