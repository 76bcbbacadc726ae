"""A simulated orchestrator: a discrete-event simulation of a multi-server queue (G(t)/G/c, FCFS).

Jobs arrive as a Poisson process whose rate follows the day and the week (by thinning: Lewis and
Shedler 1979), wait in their queue, take one of the slots in the order of their arrival, and work
for a lognormal time. A job that fails is tried again until its attempts are used up. Incidents
come every week: a worker dies and takes its jobs with it, the database slows all work down, work
fails and storms back, more comes than there is room for, or nothing can be read at all.

Every number of an `Observation` is counted in this one process, so that they agree: what arrived
has completed, failed, waits or runs, and the mean backlog is the arrival rate times the mean wait
(Little's law). Pure: the start, the plan and the seed decide everything.
"""

import heapq
import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from random import Random

__all__ = [
    "WAIT_BOUNDS_MS",
    "Incident",
    "IncidentKind",
    "Observation",
    "QueueObservation",
    "QueuePlan",
    "Rhythm",
    "Simulation",
    "SitePlan",
    "WorkerObservation",
]

WAIT_BOUNDS_MS = (
    *(10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000),
    *(120_000, 300_000, 600_000, 1_800_000, 3_600_000, 14_400_000),
)
WEEK = timedelta(days=7)


class IncidentKind(Enum):
    """What goes wrong."""

    WORKER_LOST = "worker_lost"
    SLOW_DATABASE = "slow_database"
    RETRY_STORM = "retry_storm"
    SURGE = "surge"
    OUTAGE = "outage"


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that goes wrong each week. `hour` counts from Monday 00:00 UTC.

    `strength` multiplies the work's duration (slow database) or the arrivals (surge), and is the
    share of attempts that fail in a retry storm.
    """

    kind: IncidentKind
    hour: float
    minutes: float
    strength: float = 1.0

    def covers(self, at: datetime) -> bool:
        """Whether it goes on at a moment."""
        begin = _monday(at) + timedelta(hours=self.hour)
        return begin <= at < begin + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How arrivals follow the day and the week. Hours are UTC."""

    peak_hour: float
    swing_ratio: float
    weekend_ratio: float

    def factor(self, at: datetime) -> float:
        """What multiplies the mean rate of a working day at a moment."""
        hour = at.hour + at.minute / 60
        daily = 1 + self.swing_ratio * math.cos(2 * math.pi * (hour - self.peak_hour) / 24)
        return daily * (self.weekend_ratio if at.weekday() >= 5 else 1.0)  # noqa: PLR2004


@dataclass(frozen=True, slots=True)
class QueuePlan:
    """One queue: how much of the work comes to it, and what that work is like."""

    name: str
    share: float
    mean_work_s: float
    spread: float = 0.8
    """Sigma of the logarithm of the work's duration."""
    failure_ratio: float = 0.01


@dataclass(frozen=True, slots=True)
class SitePlan:
    """One orchestrator with one pool of equal workers."""

    pool: str
    workers: int
    slots: int
    arrivals_per_min: float
    rhythm: Rhythm
    queues: tuple[QueuePlan, ...]
    incidents: tuple[Incident, ...] = ()
    attempts: int = 3


@dataclass(slots=True)
class QueueObservation:
    """One queue over an interval; `waiting` and `running` are at its end."""

    arrived: int = 0
    started: int = 0
    completed: int = 0
    failed: int = 0
    attempts_failed: int = 0
    work_s: float = 0.0
    """Of the attempts that ended."""
    waiting: int = 0
    running: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkerObservation:
    """One worker at the end of an interval. Totals are since the simulation's start."""

    name: str
    alive: bool
    used_slots: int
    completed: int
    failed: int
    since: datetime


@dataclass(slots=True)
class Observation:
    """What happened since the observation before, and how it stands at `at`."""

    at: datetime
    interval_s: float
    queues: dict[str, QueueObservation]
    wait_counts: list[int] = field(default_factory=lambda: [0] * (len(WAIT_BOUNDS_MS) + 1))
    wait_sum_ms: float = 0.0
    wait_max_ms: float = 0.0
    retried: int = 0
    workers: tuple[WorkerObservation, ...] = ()
    restarts: int = 0
    incidents: frozenset[IncidentKind] = frozenset()


@dataclass(slots=True)
class _Job:
    arrived_s: float
    queue: int
    attempt: int = 1


@dataclass(slots=True)
class _Worker:
    alive: bool = True
    used: int = 0
    completed: int = 0
    failed: int = 0
    since_s: float = 0.0


class Simulation:
    """One orchestrator from `start` on, observed as often as one likes."""

    def __init__(self, plan: SitePlan, start: datetime, seed: str) -> None:
        self._plan = plan
        self._start = start
        self._random = Random(seed)
        self._now_s = 0.0
        self._active: set[Incident] = set()
        self._boundaries = _boundaries(plan.incidents, start)
        self._next_boundary = next(self._boundaries, (math.inf, False, None))
        self._highest_per_s = _highest_per_s(plan)
        self._next_candidate_s = self._random.expovariate(self._highest_per_s)
        self._shares = [queue.share for queue in plan.queues]
        self._waiting: deque[_Job] = deque()
        self._workers = [_Worker() for _ in range(plan.workers)]
        self._free = deque(w for _ in range(plan.slots) for w in range(plan.workers))
        self._ends: list[tuple[float, int, int, _Job, float]] = []
        self._sequence = 0
        self._ended_early: set[int] = set()
        self._running = [0] * len(plan.queues)
        self._restarts = 0
        self._seen = self._fresh()

    @property
    def at(self) -> datetime:
        """How far it has come."""
        return self._start + timedelta(seconds=self._now_s)

    def observe(self, at: datetime) -> Observation:
        """Go on until `at`, which is not before the last time; what happened meanwhile."""
        until_s = (at - self._start).total_seconds()
        while True:
            next_end_s = self._ends[0][0] if self._ends else math.inf
            moment_s = min(self._next_candidate_s, next_end_s, self._next_boundary[0])
            if moment_s > until_s:
                break
            self._now_s = moment_s
            if moment_s == next_end_s:
                self._end()
            elif moment_s == self._next_boundary[0]:
                self._cross()
            else:
                self._arrive()
        seen = self._finish(at, until_s)
        self._now_s = until_s
        self._seen = self._fresh()
        return seen

    def _fresh(self) -> Observation:
        queues = {queue.name: QueueObservation() for queue in self._plan.queues}
        return Observation(self.at, self._now_s, queues)

    def _finish(self, at: datetime, until_s: float) -> Observation:
        seen = self._seen
        seen.interval_s = until_s - seen.interval_s
        seen.at = at
        seen.restarts = self._restarts
        seen.incidents = frozenset(incident.kind for incident in self._active)
        by_index = [seen.queues[queue.name] for queue in self._plan.queues]
        for job in self._waiting:
            queue = by_index[job.queue]
            queue.waiting += 1
            if queue.oldest is None:
                queue.oldest = self._moment(job.arrived_s)
        for queue, running in zip(by_index, self._running, strict=True):
            queue.running = running
        seen.workers = tuple(
            WorkerObservation(
                f"{self._plan.pool}-{number}",
                worker.alive,
                worker.used,
                worker.completed,
                worker.failed,
                self._moment(worker.since_s),
            )
            for number, worker in enumerate(self._workers)
        )
        return seen

    def _arrive(self) -> None:
        self._next_candidate_s = self._now_s + self._random.expovariate(self._highest_per_s)
        rate = self._plan.arrivals_per_min / 60 * self._plan.rhythm.factor(self.at)
        rate *= self._strength(IncidentKind.SURGE, 1.0)
        if self._random.random() * self._highest_per_s >= rate:
            return
        (queue,) = self._random.choices(range(len(self._shares)), self._shares)
        self._seen.queues[self._plan.queues[queue].name].arrived += 1
        self._waiting.append(_Job(self._now_s, queue))
        self._dispatch()

    def _dispatch(self) -> None:
        while self._waiting and self._free:
            job, worker = self._waiting.popleft(), self._free.popleft()
            plan = self._plan.queues[job.queue]
            # A lognormal of this mean: E[X] = exp(mu + sigma^2 / 2).
            mu = math.log(plan.mean_work_s) - plan.spread**2 / 2
            work_s = self._random.lognormvariate(mu, plan.spread)
            work_s *= self._strength(IncidentKind.SLOW_DATABASE, 1.0)
            self._sequence += 1
            heapq.heappush(self._ends, (self._now_s + work_s, self._sequence, worker, job, work_s))
            self._workers[worker].used += 1
            self._running[job.queue] += 1
            self._count_wait(job)

    def _count_wait(self, job: _Job) -> None:
        seen = self._seen
        seen.queues[self._plan.queues[job.queue].name].started += 1
        wait_ms = (self._now_s - job.arrived_s) * 1_000
        seen.wait_counts[bisect_left(WAIT_BOUNDS_MS, wait_ms)] += 1
        seen.wait_sum_ms += wait_ms
        seen.wait_max_ms = max(seen.wait_max_ms, wait_ms)

    def _end(self) -> None:
        _, sequence, index, job, work_s = heapq.heappop(self._ends)
        if sequence in self._ended_early:  # its worker was lost
            self._ended_early.remove(sequence)
            return
        plan = self._plan.queues[job.queue]
        queue, worker = self._seen.queues[plan.name], self._workers[index]
        queue.work_s += work_s
        worker.used -= 1
        self._running[job.queue] -= 1
        self._free.append(index)
        fails = self._strength(IncidentKind.RETRY_STORM, plan.failure_ratio)
        if self._random.random() < fails:
            worker.failed += 1
            queue.attempts_failed += 1
            self._try_again(job)
        else:
            worker.completed += 1
            queue.completed += 1
        self._dispatch()

    def _try_again(self, job: _Job) -> None:
        if job.attempt >= self._plan.attempts:
            self._seen.queues[self._plan.queues[job.queue].name].failed += 1
            return
        self._seen.retried += 1
        # It waits anew; its place is behind those that wait already.
        self._waiting.append(_Job(self._now_s, job.queue, job.attempt + 1))

    def _cross(self) -> None:
        _, begins, incident = self._next_boundary
        self._next_boundary = next(self._boundaries, (math.inf, False, None))
        assert incident is not None
        if begins:
            self._active.add(incident)
        else:
            self._active.discard(incident)
        if incident.kind is IncidentKind.WORKER_LOST:
            self._lose() if begins else self._replace()

    def _lose(self) -> None:
        """The first worker is gone, and what it worked on has to be done again."""
        worker = self._workers[0]
        worker.alive, worker.used = False, 0
        self._free = deque(index for index in self._free if index != 0)
        for _, sequence, index, job, _ in self._ends:
            if index == 0 and sequence not in self._ended_early:
                self._ended_early.add(sequence)
                self._running[job.queue] -= 1
                self._seen.queues[self._plan.queues[job.queue].name].attempts_failed += 1
                worker.failed += 1
                self._try_again(job)
        self._dispatch()

    def _replace(self) -> None:
        worker = self._workers[0]
        worker.alive, worker.since_s = True, self._now_s
        self._restarts += 1
        self._free.extend([0] * self._plan.slots)
        self._dispatch()

    def _strength(self, kind: IncidentKind, otherwise: float) -> float:
        if not self._active:
            return otherwise
        return max((i.strength for i in self._active if i.kind is kind), default=otherwise)

    def _moment(self, at_s: float) -> datetime:
        return self._start + timedelta(seconds=at_s)


def _highest_per_s(plan: SitePlan) -> float:
    surges = [i.strength for i in plan.incidents if i.kind is IncidentKind.SURGE]
    highest = plan.arrivals_per_min / 60 * (1 + plan.rhythm.swing_ratio)
    return highest * max(1.0, plan.rhythm.weekend_ratio) * max([1.0, *surges])


def _boundaries(
    incidents: tuple[Incident, ...], start: datetime
) -> Iterator[tuple[float, bool, Incident]]:
    """When incidents begin (True) and end, in order, in seconds since `start`."""
    monday = _monday(start)
    while incidents:
        boundaries: list[tuple[float, bool, Incident]] = []
        for incident in incidents:
            begin_s = (monday - start).total_seconds() + incident.hour * 3_600
            if begin_s >= 0:
                boundaries.append((begin_s, True, incident))
                boundaries.append((begin_s + incident.minutes * 60, False, incident))
        yield from sorted(boundaries, key=lambda boundary: boundary[0])
        monday += WEEK


def _monday(at: datetime) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=at.weekday())
