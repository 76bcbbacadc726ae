"""What a pool's stored history says of its work, and the workers that takes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from analytics.findings import Confidence
from analytics.scaling_findings import ScalingNeeds
from analytics.scaling_needs import (
    NORMAL_GOAL,
    ArrivalSample,
    PoolNow,
    ScalingGoal,
    scaling_needs,
)

__all__ = ["WorkSample", "pool_scaling_needs"]

N = TypeVar("N", int, float)

RECENT = timedelta(days=1)
"""How far back services are looked at."""

STALE = timedelta(minutes=15)
NOBODY_TOLD = "its orchestrator does not tell it, or was not watched for a whole five minutes yet"


@dataclass(frozen=True)
class WorkSample:
    """A pool around `at`: means of a few minutes, null where unknown.

    `arrival_rate_per_s` is that of its queues, `throughput_per_s` what its workers took or did,
    `task_s` how long a task keeps a slot, `waiting` the sizes of its queues.
    """

    at: datetime
    arrival_rate_per_s: float | None = None
    throughput_per_s: float | None = None
    task_s: float | None = None
    used_slots: float | None = None
    busy_workers: float | None = None
    total_slots: float | None = None
    waiting: float | None = None
    total_workers: int | None = None


def pool_scaling_needs(
    samples: Sequence[WorkSample],
    now: datetime,
    goal: ScalingGoal = NORMAL_GOAL,
    *,
    cost_per_worker_hour: float | None = None,
    model: str = "ensemble",
) -> ScalingNeeds:
    """`predict_scaling_needs` on samples in the order of time.

    A task's time is the mean of what is told over the last day; else used slots / throughput
    (Little), else busy workers / throughput. Where arrivals are not told, throughput stands in
    for them. What is older than 15 minutes is not the present: no workers are reckoned from it.
    """
    recent = [each for each in samples if now - each.at <= RECENT]
    workers, slots = _newest(recent, lambda each: each.total_workers), _slots(recent)
    service, service_from = _service(recent, slots)
    arrivals, arrivals_from = _arrivals(samples, now)
    pool = PoolNow(
        total_workers=workers,
        worker_capacity_per_s=None if service is None else service.slots / service.task_s,
        slots_per_worker=1 if service is None else service.slots,
        waiting=_newest([each for each in recent if now - each.at <= STALE], lambda e: e.waiting),
        cost_per_worker_hour=cost_per_worker_hour,
    )
    known_at = _last_known(arrivals)
    if known_at is not None and now - known_at > STALE:
        needs = _stale(pool, now - known_at)
    else:
        needs = scaling_needs(pool, arrivals, goal, model=model)
    evidence = (*filter(None, (service_from, arrivals_from)), *needs.evidence)
    return needs.model_copy(update={"evidence": evidence})


def _stale(pool: PoolNow, age: timedelta) -> ScalingNeeds:
    minutes = age / timedelta(minutes=1)
    return ScalingNeeds(
        current_workers=pool.total_workers,
        evidence=(),
        confidence=Confidence.LOW,
        method="None: what is known is not of the present.",
        reason=f"The newest arrivals that are known are {minutes:.0f} minutes old.",
    )


@dataclass(frozen=True)
class _Service:
    """How long a task keeps one of a worker's `slots`."""

    task_s: float
    slots: int


def _service(samples: Sequence[WorkSample], slots: int | None) -> tuple[_Service | None, str]:
    """What it is, and from what."""
    told = _task_s(samples)
    if told is not None and slots is not None:
        return _Service(told, slots), (
            f"A task takes {told:.4g} s, by what was told of the last day, and a worker has "
            f"{slots} slots."
        )
    for name, held, places in (
        ("slots", lambda each: each.used_slots, slots),
        ("workers", lambda each: each.busy_workers, 1),
    ):
        found = _by_little(samples, held)
        if found is not None and places is not None:
            return _Service(found, places), (
                f"A task takes {found:.4g} s: the {name} that were busy on average over the last "
                f"day / what they did a second (Little's law); a worker has {places} of them."
            )
    return None, f"How long a task takes is unknown: {NOBODY_TOLD}."


def _by_little(
    samples: Sequence[WorkSample], held: Callable[[WorkSample], float | None]
) -> float | None:
    both = [
        (busy, each.throughput_per_s)
        for each in samples
        if (busy := held(each)) is not None and each.throughput_per_s is not None
    ]
    busy, done = (sum(column) for column in zip(*both, strict=True)) if both else (0.0, 0.0)
    return busy / done if busy > 0 and done > 0 else None


def _slots(samples: Sequence[WorkSample]) -> int | None:
    """Of one worker, by the newest sample that tells both."""
    both = (
        each.total_slots / each.total_workers
        for each in reversed(samples)
        if each.total_slots and each.total_workers
    )
    slots = next(both, None)
    return None if slots is None else max(1, round(slots))


def _arrivals(samples: Sequence[WorkSample], now: datetime) -> tuple[list[ArrivalSample], str]:
    """Those of the queues where they are told up to the present, else what stands in for them."""
    told = [ArrivalSample(each.at, each.arrival_rate_per_s) for each in samples]
    done = [ArrivalSample(each.at, each.throughput_per_s) for each in samples]
    told_at, done_at = _last_known(told), _last_known(done)
    if told_at is not None and (now - told_at <= STALE or done_at is None or done_at <= told_at):
        return told, ""
    if done_at is not None:
        return done, (
            "What arrives is not told; what was taken or done a second stands in for it, so work "
            "that still waits is not counted."
        )
    return told, f"What arrives is unknown: {NOBODY_TOLD}."


def _last_known(samples: Sequence[ArrivalSample]) -> datetime | None:
    known = (each.at for each in reversed(samples) if each.arrival_rate_per_s is not None)
    return next(known, None)


def _task_s(samples: Sequence[WorkSample]) -> float | None:
    """The mean of what is told, each sample by how much was done in it where that is known."""
    told = [(each.task_s, each.throughput_per_s) for each in samples if each.task_s]
    weighed = [(task_s, done) for task_s, done in told if done]
    pairs = weighed or [(task_s, 1.0) for task_s, _ in told]
    total = sum(weight for _, weight in pairs)
    return sum(task_s * weight for task_s, weight in pairs) / total if pairs else None


def _newest(samples: Sequence[WorkSample], value: Callable[[WorkSample], N | None]) -> N | None:
    known: Iterator[N] = (found for each in reversed(samples) if (found := value(each)) is not None)
    return next(known, None)
