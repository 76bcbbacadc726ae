"""All that one scrape read, before it becomes records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from agents.calls import CallLog
from agents.increases import Increase, MetricsScrape
from agents.missing import Missing
from agents.prefect.wire import FlowRun, Limit, State, Worker, WorkPool, WorkQueue

__all__ = ["Listed", "Snapshot", "Totals", "Window"]


@dataclass(frozen=True)
class Listed:
    """Runs in a state. `count` is of all, `runs` are the first of them when there are too many."""

    runs: Sequence[FlowRun]
    count: int

    @property
    def whole(self) -> bool:
        return len(self.runs) == self.count


@dataclass(frozen=True)
class Window:
    """Runs to which something happened since the scrape before, `seconds` ago."""

    runs: Sequence[FlowRun]
    seconds: float


@dataclass
class Totals:
    """Runs that ended on each worker since the agent began, by pool and name of the worker."""

    completed: dict[tuple[str, str], int] = field(default_factory=dict)
    failed: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """Each part is what was read, or why it could not be read.

    `at` is the scrape's time by the server's clock: ages are of one clock. `waiting`: scheduled
    for a time that has come. `live`: pending, running or being canceled. `histories`: the states
    of a sample of the started runs. `gains`: of the server's metrics since the scrape before.
    """

    now: datetime
    at: datetime
    healthy: bool | Missing
    health_ms: float | Missing
    ready_ms: float | Missing
    version: str | Missing
    pools: Sequence[WorkPool] | Missing
    queues: Sequence[WorkQueue] | Missing
    workers: Mapping[str, Sequence[Worker] | Missing]
    limits: Sequence[Limit] | Missing
    waiting: Listed | Missing
    live: Listed | Missing
    paused: int | Missing
    started: Window | Missing
    ended: Window | Missing
    histories: Mapping[UUID, Sequence[State]]
    metrics: MetricsScrape | Missing
    gains: Increase | Missing
    restarts: int
    totals: Totals
    log: CallLog
    took_ms: float
