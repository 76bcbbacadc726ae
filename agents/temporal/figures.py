"""Values that several parts of the records share, each computed in one place from a snapshot.

Sums are over all queues or workers: one that is unknown makes the sum unknown.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from agents.increases import MetricsScrape, Where
from agents.missing import Missing, combine, over, share, total
from agents.temporal.config import TemporalConfig
from agents.temporal.events import Events
from agents.temporal.metrics import sanitized
from agents.temporal.queues import QueueKey, QueueStats, TaskKind
from agents.temporal.snapshot import Snapshot
from agents.temporal.workers import Worker
from contracts.worker_pool import WorkerStatus

__all__ = ["Figures", "SlotSums", "slot_sums"]

WORKER_TYPES = {
    "workflow": "WorkflowWorker",
    "activity": "ActivityWorker",
    "local_activity": "LocalActivityWorker",
    "nexus": "NexusWorker",
}
"""Kinds of slots as the SDK's metrics name them."""


@dataclass(frozen=True)
class SlotSums:
    """Slots of one kind of work over workers that take new work."""

    used: int | Missing
    total: int | Missing

    @property
    def free(self) -> int | Missing:
        return combine(lambda slots, used: max(0, slots - used), self.total, self.used)

    @property
    def utilization(self) -> float | Missing:
        return combine(
            lambda used, slots: share(used, slots, "there are no slots"), self.used, self.total
        )


def slot_sums(workers: Iterable[Worker], kind: str) -> SlotSums:
    """Used and all slots; unknown when one worker's are not known."""
    alive = [worker for worker in workers if worker.alive]
    silent = [worker for worker in alive if not worker.slots]
    if silent:
        reason = Missing(
            f"{len(silent)} of {len(alive)} workers have not told their slots (yet), "
            f"e.g. {silent[0].identity} on {silent[0].queue}"
        )
        return SlotSums(reason, reason)
    found = [(worker, worker.slots[kind]) for worker in alive if kind in worker.slots]
    used = sum(slots.used for _, slots in found)
    sizes = [slots.total for _, slots in found if slots.total is not None]
    if len(sizes) == len(found):
        return SlotSums(used, sum(sizes))
    elastic = next(worker for worker, slots in found if slots.total is None)
    return SlotSums(
        used, Missing(f"the number of slots of {elastic.identity} is not fixed (slot supplier)")
    )


@dataclass(frozen=True)
class Figures:
    """A snapshot and what follows from it."""

    snapshot: Snapshot
    config: TemporalConfig

    @cached_property
    def events(self) -> Events:
        return Events(self.snapshot.gains, self.config.namespace, self.snapshot.sdk_gains)

    @cached_property
    def backlog(self) -> int | Missing:
        """Tasks waiting in all queues."""
        return total(over(lambda stats: stats.backlog, each) for each in self._all_stats)

    @cached_property
    def waiting_workflows(self) -> int | Missing:
        """Workflow tasks waiting: nearly, but not quite, workflows that wait to go on."""
        return total(
            over(lambda stats: stats.backlog, view.stats)
            for view in self.snapshot.views
            if view.key.kind is TaskKind.WORKFLOW
        )

    @cached_property
    def known_backlog(self) -> int:
        """Tasks waiting in the queues that are known: a lower bound."""
        return sum(stats.backlog for stats in self._known_stats)

    @cached_property
    def dispatch_rate(self) -> float | Missing:
        """Tasks a second handed out by all queues."""
        return total(over(lambda stats: stats.dispatch_rate, each) for each in self._all_stats)

    @cached_property
    def longest_wait_ms(self) -> float | Missing:
        """Age of the oldest waiting task; 0 when nothing waits."""
        return over(
            lambda _: max(map(_age_ms, self._known_stats), default=0.0),
            self.backlog,
        )

    @cached_property
    def by_priority(self) -> dict[str, int] | Missing:
        """Tasks waiting in all queues, by their priority."""

        def sums(_: int) -> dict[str, int]:
            counted: Counter[str] = Counter()
            for stats in self._known_stats:
                counted.update(stats.by_priority)
            return dict(sorted(counted.items()))

        return over(sums, self.backlog)

    @cached_property
    def contentions(self) -> int | Missing:
        """Refused requests, and queues that a rate limit holds back."""
        limited = total(
            over(lambda stats: int(stats.rate_limited), each) for each in self._all_stats
        )
        return combine(lambda requests, queues: requests + queues, self.events.throttled, limited)

    @cached_property
    def slots(self) -> SlotSums:
        """Activity slots of all workers."""
        return self.slots_of(TaskKind.ACTIVITY)

    def slots_of(self, kind: str) -> SlotSums:
        """Slots of any kind of all workers: as they told the server, else by their metrics."""
        workers = self.snapshot.workers
        if isinstance(workers, Missing):
            listed = SlotSums(workers, workers)
        else:
            listed = slot_sums(workers, kind)
        if isinstance(listed.used, Missing) and not isinstance(self.snapshot.sdk, Missing):
            return self._slots_by_metrics(self.snapshot.sdk, kind)
        return listed

    def _slots_by_metrics(self, sdk: MetricsScrape, kind: str) -> SlotSums:
        """Of all workers whose endpoint is given."""

        def slots(gauge: str) -> int:
            return round(
                sum(
                    value
                    for labels, value in sdk.series(f"temporal_worker_task_slots_{gauge}")
                    if labels.get("namespace") == self.config.namespace
                    and labels.get("worker_type") == WORKER_TYPES[kind]
                )
            )

        used = slots("used")
        return SlotSums(used, used + slots("available"))

    @cached_property
    def slots_by_metrics(self) -> bool:
        """Whether the workers' metrics stand in for what the server does not tell of slots."""
        workers = self.snapshot.workers
        untold = isinstance(workers, Missing) or isinstance(
            slot_sums(workers, TaskKind.ACTIVITY).used, Missing
        )
        return untold and not isinstance(self.snapshot.sdk, Missing)

    def workers_of(self, queue: str) -> tuple[Worker, ...] | Missing:
        """The workers of one queue."""
        return over(
            lambda found: tuple(worker for worker in found if worker.queue == queue),
            self.snapshot.workers,
        )

    def in_flight(self, key: QueueKey) -> int | Missing:
        """Tasks that workers of the queue are busy with, as of their last heartbeat."""
        return over(lambda found: _in_flight(found, key.kind), self.workers_of(key.queue))

    @cached_property
    def all_in_flight(self) -> int | Missing:
        """Tasks that workers are busy with, of all queues."""
        return total(self.in_flight(view.key) for view in self.snapshot.views)

    def error_rate(self, key: QueueKey) -> float | Missing:
        """Failed attempts of all that ended: counted, else by the workers' last heartbeats."""
        counted = self.counted_error_rate(key)
        if not isinstance(counted, Missing):
            return counted
        return over(lambda found: _reported_error_rate(found, key.kind), self.workers_of(key.queue))

    def counted_error_rate(self, key: QueueKey) -> float | Missing:
        """The same as the server counts it, which it does for activities."""
        if key.kind is TaskKind.WORKFLOW:
            return Missing("the server does not count failed workflow tasks by queue")
        return over(self.events.activity_error_rate, self._of_queue(key.queue))

    def processing_ms(self, key: QueueKey) -> float | Missing:
        """Mean time from started to ended of the activities that succeeded in the interval."""
        if key.kind is TaskKind.WORKFLOW:
            return Missing("the server does not time workflow tasks by queue")
        return over(self.events.activity_ms, self._of_queue(key.queue))

    @cached_property
    def unnamed_labels(self) -> dict[str, int]:
        """Backlogs that the metrics show under labels of no known queue."""
        found: Counter[str] = Counter()
        if isinstance(self.snapshot.metrics, Missing):
            return {}
        for labels, value in self.snapshot.metrics.series("approximate_backlog_count"):
            name = labels.get("taskqueue", "")
            unnamed = name not in self._names_by_label and not name.startswith("__")
            if value > 0 and unnamed and self.events.user_queue(labels):
                found[name] += round(value)
        return dict(sorted(found.items()))

    def _of_queue(self, queue: str) -> Where | Missing:
        """Picks the series of one queue; missing when another queue has the same label."""
        label = sanitized(queue)
        twins = sorted(self._names_by_label.get(label, set()) - {queue})
        if twins:
            return Missing(f"the server's metrics do not tell {queue} from {twins[0]}")
        return lambda labels: self.events.ours(labels) and labels.get("taskqueue") == label

    @cached_property
    def _names_by_label(self) -> dict[str, set[str]]:
        names: dict[str, set[str]] = {}
        for view in self.snapshot.views:
            names.setdefault(sanitized(view.key.queue), set()).add(view.key.queue)
        return names

    @cached_property
    def _all_stats(self) -> list[QueueStats | Missing]:
        return [view.stats for view in self.snapshot.views]

    @cached_property
    def _known_stats(self) -> list[QueueStats]:
        return [each for each in self._all_stats if not isinstance(each, Missing)]


def _age_ms(stats: QueueStats) -> float:
    return stats.backlog_age_s * 1000 if stats.backlog else 0.0


def _in_flight(workers: Iterable[Worker], kind: TaskKind) -> int | Missing:
    # What a failed worker last said of itself is no work in progress any more.
    present = [each for each in workers if each.instance.status is not WorkerStatus.FAILED]
    silent = [worker for worker in present if not worker.slots]
    if silent:
        return Missing(f"worker {silent[0].identity} has not told its slots (yet)")
    return sum(worker.slots[kind].used for worker in present if kind in worker.slots)


def _reported_error_rate(workers: Iterable[Worker], kind: TaskKind) -> float | Missing:
    slots = [worker.slots[kind] for worker in workers if worker.alive and kind in worker.slots]
    failed = sum(each.recent_failed for each in slots)
    processed = sum(each.recent_processed for each in slots)
    return share(
        min(failed, processed), processed, f"no {kind} task ended in the last heartbeat interval"
    )
