"""What DescribeTaskQueue says, in our words, and which queues are asked about when."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueueStats
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse

from agents.missing import Missing

__all__ = [
    "Look",
    "Poller",
    "QueueKey",
    "QueueReading",
    "QueueStats",
    "QueueView",
    "TaskKind",
    "existing",
    "plan",
    "read_queue",
    "view",
]


class TaskKind(StrEnum):
    """A Temporal task queue is two queues under one name."""

    WORKFLOW = "workflow"
    ACTIVITY = "activity"

    @property
    def wire(self) -> TaskQueueType.ValueType:
        """The kind in a request."""
        return (
            TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
            if self is TaskKind.WORKFLOW
            else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
        )


@dataclass(frozen=True, order=True)
class QueueKey:
    """One kind of tasks of one task queue: what a record calls a queue."""

    queue: str
    kind: TaskKind

    def __str__(self) -> str:
        return f"{self.queue}/{self.kind}"


@dataclass(frozen=True)
class Poller:
    """Somebody who asked for tasks. The server forgets it five minutes after the last time."""

    identity: str
    last_access: datetime


@dataclass(frozen=True)
class QueueStats:
    """The server's own estimate; rates are averages over 30 s."""

    backlog: int
    backlog_age_s: float
    add_rate: float
    dispatch_rate: float
    by_priority: Mapping[str, int]
    rate_limited: bool

    @property
    def idle(self) -> bool:
        return not (self.backlog or self.add_rate or self.dispatch_rate)


@dataclass(frozen=True)
class QueueReading:
    """One answer about one queue."""

    stats: QueueStats | Missing
    pollers: tuple[Poller, ...]

    @property
    def idle(self) -> bool:
        return not self.pollers and not isinstance(self.stats, Missing) and self.stats.idle


@dataclass
class Look:
    """What is remembered of a queue between scrapes.

    `ever_active` tells a kind of tasks that exists from one that was only asked about: the
    server answers for every name, so an answer proves nothing.
    """

    asked_at: datetime | None = None
    read_at: datetime | None = None
    reading: QueueReading | None = None
    ever_active: bool = False

    def remember(self, answer: QueueReading | Missing, now: datetime) -> None:
        """Keep what a call at `now` gave."""
        self.asked_at = now
        if not isinstance(answer, Missing):
            self.reading, self.read_at = answer, now
            self.ever_active = self.ever_active or not answer.idle

    def rests(self, now: datetime, idle_for: timedelta) -> bool:
        """Whether it was idle when last read and that was not too long ago."""
        return (
            self.reading is not None
            and self.reading.idle
            and self.read_at is not None
            and now - self.read_at < idle_for
        )


@dataclass(frozen=True)
class QueueView:
    """A queue as this scrape sees it. `carried`: an idle one, from an earlier scrape."""

    key: QueueKey
    reading: QueueReading | Missing
    exists: bool = True
    carried: bool = False

    @property
    def stats(self) -> QueueStats | Missing:
        if isinstance(self.reading, Missing):
            return self.reading
        if isinstance(self.reading.stats, Missing):
            return Missing(f"{self.key}: {self.reading.stats.reason}")
        return self.reading.stats

    def fresh_pollers(self, now: datetime, fresh_s: float) -> int | Missing:
        """Pollers that asked for tasks within the last `fresh_s` seconds."""
        if isinstance(self.reading, Missing):
            return self.reading
        horizon = now - timedelta(seconds=fresh_s)
        return sum(poller.last_access > horizon for poller in self.reading.pollers)


def read_queue(response: DescribeTaskQueueResponse) -> QueueReading:
    """The answer in our words. Zero is absent on the wire, so only absent `stats` is unknown."""
    stats: QueueStats | Missing = Missing("the server gave no statistics of the queue")
    if response.HasField("stats"):
        stats = _stats(response.stats, response.stats_by_priority_key)
    return QueueReading(
        stats,
        tuple(
            Poller(poller.identity, poller.last_access_time.ToDatetime(tzinfo=UTC))
            for poller in response.pollers
        ),
    )


def _stats(stats: TaskQueueStats, by_priority: Mapping[int, TaskQueueStats]) -> QueueStats:
    return QueueStats(
        backlog=stats.approximate_backlog_count,
        backlog_age_s=stats.approximate_backlog_age.ToTimedelta().total_seconds(),
        add_rate=stats.tasks_add_rate,
        dispatch_rate=stats.tasks_dispatch_rate,
        by_priority={
            str(priority): each.approximate_backlog_count
            for priority, each in sorted(by_priority.items())
        },
        rate_limited=stats.rate_limiting_active,
    )


def plan(
    keys: Iterable[QueueKey], looks: Mapping[QueueKey, Look], budget: int, rest: set[QueueKey]
) -> list[QueueKey]:
    """The queues to ask about now: all that fit `budget`.

    When not all fit, those in `rest` wait; of the others the ones go first that were asked
    about longest ago.
    """
    wanted = list(keys)
    if len(wanted) <= budget:
        return wanted
    due = [key for key in wanted if key not in rest]
    never = datetime.min.replace(tzinfo=UTC)
    due.sort(key=lambda key: (looks[key].asked_at or never, key))
    return due[:budget]


def existing(looks: Mapping[QueueKey, Look], configured: Collection[str]) -> set[QueueKey]:
    """The kinds of tasks that queues are used for, as far as was ever seen.

    Both of a configured queue and of one never read; workflow tasks where neither was seen.
    """
    seen = {
        key
        for key, look in looks.items()
        if look.ever_active or look.reading is None or key.queue in configured
    }
    used = {key.queue for key in seen}
    return seen | {key for key in looks if key.queue not in used and key.kind is TaskKind.WORKFLOW}


def view(
    key: QueueKey, look: Look, asked: QueueReading | Missing | None, *, resting: bool, exists: bool
) -> QueueView:
    """The queue as of now: the answer, else what an idle one said before, else unknown."""
    if asked is not None:
        return QueueView(key, asked, exists)
    if resting and look.reading is not None:
        return QueueView(key, look.reading, exists, carried=True)
    return QueueView(key, Missing(f"{key} was not asked about: call budget used up"), exists)
