"""Values that several parts of the records share, each computed in one place from a snapshot."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from statistics import fmean
from uuid import UUID

from agents.missing import Missing, combine, known_or, over, share, total
from agents.prefect.config import PrefectConfig
from agents.prefect.snapshot import Listed, Snapshot, Window
from agents.prefect.wire import FlowRun, Limit, Worker, WorkPool, WorkQueue
from agents.waits import Waits

__all__ = ["Cause", "Figures", "error_rate", "mean_duration_ms", "online"]

ONLINE = "ONLINE"
AT_LIMIT = "AwaitingConcurrencySlot"
RETRYING = "AwaitingRetry"
FAILED = ("FAILED", "CRASHED")
NOTHING_STARTED = "no flow run was started in the interval"
NOTHING_ENDED = "no flow run ended in the interval"
TOO_MANY = "too many runs to list (live_pages), they are only counted"


class Cause(StrEnum):
    """What a run that should have started waits for."""

    LIMIT = "limit"
    PAUSED = "paused"
    NO_WORKER = "noWorker"
    QUEUE = "queue"


@dataclass(frozen=True)
class Figures:
    """A snapshot and what follows from it."""

    snapshot: Snapshot
    config: PrefectConfig

    @cached_property
    def due(self) -> Sequence[FlowRun] | Missing:
        """Runs that wait to be started. One that waits to be tried again has started already."""

        def waiting(listed: Listed) -> Sequence[FlowRun] | Missing:
            if not listed.whole:
                return Missing(TOO_MANY)
            return [run for run in listed.runs if run.state_name != RETRYING]

        return over(waiting, self.snapshot.waiting)

    @cached_property
    def backlog(self) -> int | Missing:
        """How many runs wait; of too many to be listed those to be tried again count, too."""
        if isinstance(self.due, Missing):
            return over(lambda listed: listed.count, self.snapshot.waiting)
        return len(self.due)

    @cached_property
    def live(self) -> Sequence[FlowRun] | Missing:
        """Runs that hold a slot: pending, running or being canceled."""
        return over(
            lambda listed: listed.runs if listed.whole else Missing(TOO_MANY), self.snapshot.live
        )

    @cached_property
    def in_flight(self) -> int | Missing:
        return over(lambda listed: listed.count, self.snapshot.live)

    def live_in(self, state: str) -> int | Missing:
        """Live runs in one state."""
        return over(lambda runs: sum(run.state_type == state for run in runs), self.live)

    @cached_property
    def pending(self) -> int | Missing:
        """Runs that wait for a worker, or for their process to start."""
        return combine(lambda due, starting: due + starting, self.backlog, self.live_in("PENDING"))

    @cached_property
    def open_pools(self) -> Sequence[WorkPool] | Missing:
        """Pools from which workers may take work."""
        return over(
            lambda pools: [pool for pool in pools if not pool.is_paused], self.snapshot.pools
        )

    @cached_property
    def total_slots(self) -> int | Missing:
        return over(lambda pools: total(map(_limit_of, pools)), self.open_pools)

    @cached_property
    def used_slots(self) -> int | Missing:
        return over(lambda pools: total(self.slots_used(pool) for pool in pools), self.open_pools)

    def slots_used(self, pool: WorkPool) -> int | Missing:
        """The server's count where there is a limit, else the runs that are live."""
        if pool.active_slots is not None:
            return pool.active_slots
        return over(lambda runs: sum(run.work_pool_name == pool.name for run in runs), self.live)

    @cached_property
    def alive(self) -> int | Missing:
        """Workers that are online, of all pools."""
        if isinstance(self.snapshot.pools, Missing):
            return self.snapshot.pools
        return total(
            over(lambda workers: sum(map(online, workers)), self.workers_of(pool.name))
            for pool in self.snapshot.pools
        )

    def workers_of(self, pool: str) -> Sequence[Worker] | Missing:
        """Workers of a pool, without those that have been gone for long."""

        def remembered(workers: Sequence[Worker]) -> Sequence[Worker]:
            oldest = self.snapshot.at - timedelta(seconds=self.config.forget_workers_after_s)
            return [
                worker
                for worker in workers
                if online(worker)
                or (worker.last_heartbeat_time is not None and worker.last_heartbeat_time > oldest)
            ]

        listed = self.snapshot.workers.get(pool, Missing("the pools are not known"))
        return over(remembered, listed)

    @cached_property
    def waits(self) -> Waits | Missing:
        """From the time a run was to start until it ran, of those that started."""
        return over(lambda window: Waits(_waits_ms(window.runs), NOTHING_STARTED), self.placed)

    @cached_property
    def placed(self) -> Window | Missing:
        """Runs that started. One that crashed before it ran has a time, but never ran."""

        def ran(window: Window) -> Window:
            return Window([run for run in window.runs if run.run_count > 0], window.seconds)

        return over(ran, self.snapshot.started)

    @cached_property
    def start_rate(self) -> float | Missing:
        return over(lambda window: len(window.runs) / window.seconds, self.placed)

    def ended_in(self, *states: str) -> int | Missing:
        """Runs that ended in one of these states in the interval."""
        return over(
            lambda window: sum(run.state_type in states for run in window.runs),
            self.snapshot.ended,
        )

    @cached_property
    def failed(self) -> int | Missing:
        return self.ended_in(*FAILED)

    @cached_property
    def never_ran(self) -> int | Missing:
        """Runs that crashed before they ran."""
        return over(
            lambda window: sum(
                run.state_type == "CRASHED" and not run.run_count for run in window.runs
            ),
            self.snapshot.ended,
        )

    @cached_property
    def longest_wait_ms(self) -> float | Missing:
        """Age of the run that waits longest; 0 when none waits."""
        if isinstance(self.due, Missing):
            # The first page is of the oldest.
            return over(lambda listed: self._age_ms(listed.runs[:1]), self.snapshot.waiting)
        return self._age_ms(self.due)

    def _age_ms(self, runs: Iterable[FlowRun]) -> float:
        oldest = min(
            (run.expected_start_time for run in runs if run.expected_start_time), default=None
        )
        if oldest is None:
            return 0.0
        return max(0.0, (self.snapshot.at - oldest).total_seconds() * 1000)

    @cached_property
    def by_cause(self) -> dict[Cause, int] | Missing:
        """Waiting runs by what they wait for."""
        told = combine(lambda pools, queues: True, self.snapshot.pools, self.snapshot.queues)
        return combine(lambda runs, _: dict(Counter(map(self.cause_of, runs))), self.due, told)

    def cause_of(self, run: FlowRun) -> Cause:
        """A limit that said so, a pause, a full pool or queue, nobody there; else the workers."""
        queue = self.queues_by_id.get(run.work_queue_id) if run.work_queue_id else None
        pool = self._pools_by_name.get(run.work_pool_name or "")
        if run.state_name == AT_LIMIT:
            return Cause.LIMIT
        if (queue and queue.is_paused) or (pool and pool.is_paused):
            return Cause.PAUSED
        if (queue and _full(queue.concurrency_limit, queue.active_slots)) or (
            pool and _full(pool.concurrency_limit, known_or(self.slots_used(pool), None))
        ):
            return Cause.LIMIT
        workers = self.workers_of(run.work_pool_name or "")
        nobody = not isinstance(workers, Missing) and not any(map(online, workers))
        return Cause.NO_WORKER if nobody else Cause.QUEUE

    @cached_property
    def queues_by_id(self) -> dict[UUID, WorkQueue]:
        return {queue.id: queue for queue in known_or(self.snapshot.queues, ())}

    @cached_property
    def _pools_by_name(self) -> dict[str, WorkPool]:
        return {pool.name: pool for pool in known_or(self.snapshot.pools, ())}

    @cached_property
    def full_limits(self) -> Sequence[Limit] | Missing:
        """Global concurrency limits of which every slot is taken."""
        return over(
            lambda limits: [
                each for each in limits if each.active and _full(each.limit, each.active_slots)
            ],
            self.snapshot.limits,
        )

    @cached_property
    def held_back(self) -> int | Missing:
        """Runs that were told to wait for a slot."""
        return over(lambda runs: sum(run.state_name == AT_LIMIT for run in runs), self.due)

    @cached_property
    def stuck(self) -> Sequence[FlowRun]:
        """Pending for long, on a worker that is gone: they hold a slot for nothing."""
        before = self.snapshot.at - timedelta(seconds=self.config.stuck_after_s)
        return [
            run
            for run in known_or(self.live, ())
            if run.state_type == "PENDING"
            and run.state is not None
            and run.state.timestamp < before
            and self._gone(run)
        ]

    def _gone(self, run: FlowRun) -> bool:
        workers = self.workers_of(run.work_pool_name or "")
        return not isinstance(workers, Missing) and not any(
            online(worker) and worker.name == run.worker for worker in workers
        )

    def runs_on(self, pool: str, worker: str) -> Sequence[FlowRun] | Missing:
        """Live runs that a worker submitted, the newest first."""

        def mine(runs: Sequence[FlowRun]) -> Sequence[FlowRun]:
            found = [run for run in runs if run.worker == worker and run.work_pool_name == pool]
            return sorted(found, key=_started_at, reverse=True)

        return over(mine, self.live)


def online(worker: Worker) -> bool:
    """The server's judgement: it was heard of within three of its intervals."""
    return worker.status == ONLINE


def error_rate(runs: Sequence[FlowRun]) -> float | Missing:
    """Failed and crashed of all that came to an end of their own."""
    failed = sum(run.state_type in FAILED for run in runs)
    ended = failed + sum(run.state_type == "COMPLETED" for run in runs)
    return share(failed, ended, NOTHING_ENDED)


def mean_duration_ms(runs: Sequence[FlowRun]) -> float | Missing:
    """Mean time that runs that ended had been running."""
    ran = [run.total_run_time * 1000 for run in runs if run.run_count]
    return fmean(ran) if ran else Missing(NOTHING_ENDED)


def _started_at(run: FlowRun) -> float:
    return run.start_time.timestamp() if run.start_time else 0.0


def _limit_of(pool: WorkPool) -> int | Missing:
    if pool.concurrency_limit is None:
        return Missing(f"the work pool {pool.name} has no concurrency limit")
    return pool.concurrency_limit


def _full(limit: float | None, used: float | None) -> bool:
    return limit is not None and used is not None and used >= limit


def _waits_ms(runs: Iterable[FlowRun]) -> list[float]:
    return [
        _wait_ms(run.expected_start_time, run.start_time)
        for run in runs
        if run.expected_start_time and run.start_time
    ]


def _wait_ms(expected: datetime, started: datetime) -> float:
    """A worker whose clock is behind may start a run before its time: that is no wait."""
    return max(0.0, (started - expected).total_seconds() * 1000)
