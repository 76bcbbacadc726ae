"""All that one scrape read, before it becomes records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agents.airflow.wire import (
    DagRun,
    EdgeJob,
    EdgeWorker,
    Health,
    Job,
    Pool,
    TaskInstance,
)
from agents.calls import CallLog
from agents.missing import Missing

__all__ = ["Edge", "Facts", "Live", "PoolSample", "RunWindow", "Snapshot", "Totals", "Window"]


@dataclass(frozen=True)
class Live:
    """Task instances that wait or run. `counts` are of all, by state; `rows` the first of them."""

    rows: Sequence[TaskInstance]
    counts: Mapping[str, int]

    @property
    def whole(self) -> bool:
        return len(self.rows) == sum(self.counts.values())


@dataclass(frozen=True)
class Window:
    """What happened since the scrape before, `seconds` ago.

    `started`: tries that began. `ended`: tries that came to an end, those to be tried again
    included.
    """

    started: Sequence[TaskInstance]
    ended: Sequence[TaskInstance]
    seconds: float


@dataclass(frozen=True)
class PoolSample:
    """Which pools were full at one time, by the server's clock."""

    at: datetime
    full: frozenset[str]


@dataclass
class Totals:
    """Tries that ended on each host since the agent began."""

    completed: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RunWindow:
    """DAG runs that began, and those that ended, since the scrape before."""

    started: Sequence[DagRun]
    ended: Sequence[DagRun]
    seconds: float


@dataclass(frozen=True)
class Edge:
    """Workers of the Edge executor, and the tasks that run on them."""

    workers: Sequence[EdgeWorker]
    running: Sequence[EdgeJob]


@dataclass(frozen=True)
class Facts:
    """What is counted now and then."""

    until: datetime
    import_errors: int | Missing
    dags: int | Missing
    active_dags: int | Missing


@dataclass(frozen=True)
class Snapshot:
    """Each part is what was read, or why it could not be read.

    `jobs`: those that live. `lost`: schedulers that were not heard of for too long.
    `at` is the scrape's time by the server's clock: ages are of one clock. `pool_samples`: of the
    last hour, the newest last. `joined` and `left`: schedulers that came and went since the
    scrape before.
    """

    now: datetime
    at: datetime
    dialect: str
    version: str
    version_ms: float
    health: Health | Missing
    pools: Sequence[Pool] | Missing
    jobs: Sequence[Job] | Missing
    lost: Sequence[Job] | Missing
    edge: Edge | Missing
    queued_runs: int | Missing
    running_runs: int | Missing
    live: Live | Missing
    window: Window | Missing
    runs: RunWindow | Missing
    facts: Facts
    pool_samples: Sequence[PoolSample]
    joined: Sequence[Job]
    left: Sequence[Job]
    restarts: int
    totals: Totals
    log: CallLog
    took_ms: float
