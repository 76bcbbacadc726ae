"""What the choice of an algorithm depends on, as the caller knows it or as history shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

import numpy as np
import numpy.typing as npt

from analytics.forecasting.series import FloatArray

__all__ = ["ServedJob", "Workload", "fit_workload"]

LEAST_JOBS = 200
LEAST_JOBS_A_WORKER = 10
LARGEST_LV = 3.0
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Workload:
    """Jobs and the workers that could do any of them. Null is unknown.

    `worker_speeds`: work per second, by worker id; only ratios count. `utilization_ratio`: what
    arrives / what all workers together can do. The squared coefficients of variation are those of
    a job's size and of the times between arrivals; Poisson arrivals have 1. `report_interval_s`:
    how long the balancer goes by the same loads; 0 where it counts its own jobs.
    `key_shares`: shares of the jobs by the key that they are hashed by. `sticky`: jobs of a key
    must reach the same worker. Raises `ValueError` for what is negative or not finite.
    """

    worker_speeds: Mapping[str, float] | None
    utilization_ratio: float | None
    service_cv2: float | None
    mean_service_s: float | None = None
    arrival_cv2: float = 1.0
    report_interval_s: float = 0.0
    key_shares: Sequence[float] | None = None
    sticky: bool = False

    def __post_init__(self) -> None:
        speeds = self.worker_speeds or {}
        shares = () if self.key_shares is None else tuple(self.key_shares)
        if not all(isfinite(speed) and speed > 0 for speed in speeds.values()):
            raise ValueError("the speed of a worker must be finite and > 0")
        amounts = (
            self.utilization_ratio,
            self.service_cv2,
            self.mean_service_s,
            self.arrival_cv2,
            self.report_interval_s,
            *shares,
        )
        if not all(isfinite(each) and each >= 0 for each in amounts if each is not None):
            raise ValueError("what is known of a workload must be finite and >= 0")
        if self.key_shares is not None and not sum(shares) > 0:
            raise ValueError("no key has any jobs")


@dataclass(frozen=True)
class ServedJob:
    """One job that a worker has done. `service_s` is the time it was worked on, without waits."""

    worker_id: str
    arrived_at: datetime
    service_s: float
    key: str | None = None


def fit_workload(jobs: Sequence[ServedJob], report_interval_s: float = 0.0) -> Workload:
    """The workload that jobs in any order show, what they cannot show being null.

    A worker's speed comes from the mean logarithm of its service times, shrunk to its peers' by as
    much as chance alone would make them differ (empirical Bayes; Efron and Morris 1973). The
    variability of arrivals is that between neighbours, which a daily rhythm does not raise (Lv of
    Shinomoto, Shima and Tanji 2003, turned into that of gamma distributed times). Jobs that took
    no known time are left out; fewer than 200, or a worker with fewer than 10, show nothing.
    """
    known = [job for job in jobs if isfinite(job.service_s) and job.service_s > 0]
    workers = sorted({job.worker_id for job in known})
    index = {worker: number for number, worker in enumerate(workers)}
    at = np.array([index[job.worker_id] for job in known], dtype=np.int64)
    counts: Indices = np.bincount(at, minlength=len(workers)).astype(np.int64)
    if len(known) < LEAST_JOBS or counts.min() < LEAST_JOBS_A_WORKER:
        return Workload(None, None, None, report_interval_s=report_interval_s)
    service_s = np.array([job.service_s for job in known])
    speeds = _speeds(np.log(service_s), at, counts)
    sizes = service_s * speeds[at]
    arrivals = np.sort([job.arrived_at.timestamp() for job in known])
    span_s = float(arrivals[-1] - arrivals[0])
    variability = _local_cv2(np.diff(arrivals))
    return Workload(
        worker_speeds=dict(zip(workers, map(float, speeds), strict=True)),
        utilization_ratio=float(service_s.sum()) / (span_s * len(workers)) if span_s else None,
        service_cv2=float(sizes.var() / sizes.mean() ** 2),
        mean_service_s=float(service_s.mean()),
        arrival_cv2=1.0 if variability is None else variability,
        report_interval_s=report_interval_s,
        key_shares=_key_shares(known),
    )


def _speeds(logs: FloatArray, at: Indices, counts: Indices) -> FloatArray:
    """With a mean of 1."""
    means = np.bincount(at, logs) / counts
    within = float(((logs - means[at]) ** 2).sum()) / max(1, len(logs) - len(counts))
    chance = within / counts
    apart = means - means.mean()
    real = max(0.0, float((apart**2).sum()) / max(1, len(counts) - 1) - float(chance.mean()))
    kept = real / (real + chance) if real else np.zeros(len(counts))
    speeds = np.exp(-kept * apart)
    relative: FloatArray = speeds / speeds.mean()
    return relative


def _local_cv2(gaps: FloatArray) -> float | None:
    sums = gaps[1:] + gaps[:-1]
    counted = sums > 0
    if not counted.any():
        return None
    changes = (gaps[1:] - gaps[:-1])[counted] / sums[counted]
    local = float(LARGEST_LV * (changes**2).mean())
    return 2 * local / (LARGEST_LV - local) if local < LARGEST_LV else None


def _key_shares(jobs: Sequence[ServedJob]) -> tuple[float, ...] | None:
    keys = [job.key for job in jobs if job.key is not None]
    if len(keys) < len(jobs):
        return None
    counts = np.unique(keys, return_counts=True)[1]
    return tuple(map(float, np.sort(counts)[::-1] / len(keys)))
