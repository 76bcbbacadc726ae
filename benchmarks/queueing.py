"""How far the predicted wait is off the wait that is simulated, over loads and variabilities.

First come, first served (the recursion of Kiefer and Wolfowitz), from an empty system, the first
fifth not counted. Times are gamma distributed where they vary less than the exponential ones,
and log-normal where they vary more. Cases in which fewer than one arrival in twenty waits are left
out: their wait is too rare to be measured well, and too short to matter.

`erlang_error_max`: the largest relative error for Poisson arrivals and exponential services, on
either side. `corrected_error_max`: the largest by which the wait is predicted too long for other
arrivals and services; `corrected_short_max`: too short, which is the unsafe side. All of them
hold the simulation's own error, of which `standard_error_max` is the largest.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import sqrt
from typing import Any

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.queueing import Traffic, erlang_c, mean_wait_s

WORKERS = (1, 4, 12, 40)
UTILIZATIONS = (0.5, 0.7, 0.8, 0.9)
CV2 = (0.25, 1.0, 4.0)
LEAST_WAITING_RATIO = 0.05
COPIES, NOT_COUNTED = 500, 0.2


@dataclass(frozen=True)
class Case:
    """`workers` at a utilization, mean service 1 s."""

    workers: int
    utilization: float
    arrival_cv2: float
    service_cv2: float

    def __str__(self) -> str:
        return (
            f"c={self.workers} u={self.utilization} ca2={self.arrival_cv2} cs2={self.service_cv2}"
        )

    @property
    def traffic(self) -> Traffic:
        rate = self.utilization * self.workers
        return Traffic(rate, 1.0, self.service_cv2, self.arrival_cv2)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=20_000, help=f"each of {COPIES} copies")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The largest errors, and those of each case."""
    random = np.random.default_rng(arguments.seed)
    rows = []
    for case in _cases():
        simulated, error = simulated_wait(case, arguments.jobs, random)
        predicted = mean_wait_s(case.traffic, case.workers)
        rows.append((case, predicted / simulated - 1, error / simulated))
    erlang = [abs(off) for case, off, _ in rows if case.arrival_cv2 == case.service_cv2 == 1]
    corrected = [row for row in rows if row[0].service_cv2 != 1 or row[0].arrival_cv2 != 1]
    return {
        "erlang_error_max": round(max(erlang), 4),
        "corrected_error_max": round(max(off for _, off, _ in corrected), 4),
        "corrected_short_max": round(max(-off for _, off, _ in corrected), 4),
        "standard_error_max": round(max(error for _, _, error in rows), 4),
        "cases": len(rows),
        "by_case": {str(case): (round(off, 4), round(error, 4)) for case, off, error in rows},
    }


def _cases() -> Iterator[Case]:
    for workers, utilization in product(WORKERS, UTILIZATIONS):
        if erlang_c(utilization * workers, workers) >= LEAST_WAITING_RATIO:
            for arrival_cv2, service_cv2 in product(CV2, CV2):
                yield Case(workers, utilization, arrival_cv2, service_cv2)


def simulated_wait(case: Case, jobs: int, random: np.random.Generator) -> tuple[float, float]:
    """The mean wait in s over `COPIES` independent runs, and its standard error."""
    rate = case.utilization * case.workers
    free_at = np.zeros((COPIES, case.workers))
    now, waited, rows = np.zeros(COPIES), np.zeros(COPIES), np.arange(COPIES)
    first = round(jobs * NOT_COUNTED)
    for job in range(jobs):
        now += _times(case.arrival_cv2, COPIES, random) / rate
        worker = free_at.argmin(axis=1)
        begin = np.maximum(free_at[rows, worker], now)
        free_at[rows, worker] = begin + _times(case.service_cv2, COPIES, random)
        if job >= first:
            waited += begin - now
    means = waited / (jobs - first)
    return float(means.mean()), float(means.std(ddof=1)) / sqrt(COPIES)


def _times(cv2: float, count: int, random: np.random.Generator) -> FloatArray:
    """With a mean of 1."""
    if cv2 > 1:
        spread = np.log1p(cv2)
        return random.lognormal(-spread / 2, sqrt(spread), count)
    return random.gamma(1 / cv2, cv2, count)
