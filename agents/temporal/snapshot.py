"""All that one scrape read, before it becomes records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from temporalio.api.workflowservice.v1 import DescribeNamespaceResponse, GetClusterInfoResponse

from agents.calls import CallLog
from agents.increases import Increase, MetricsScrape
from agents.missing import Missing
from agents.temporal.decisions import Placement
from agents.temporal.discovery import Coverage
from agents.temporal.queues import QueueView
from agents.temporal.workers import Worker

__all__ = ["ClosedWindow", "Probe", "Snapshot"]


@dataclass(frozen=True)
class ClosedWindow:
    """Workflows closed in [start, end), by the name of their status."""

    start: datetime
    end: datetime
    counts: Mapping[str, int]

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Probe:
    """Whether the frontend serves, how long one small call takes, and its version."""

    serving: bool | Missing
    rtt_ms: float | Missing
    version: str | Missing


@dataclass(frozen=True)
class Snapshot:
    """Each part is what was read, or why it could not be read.

    `statuses`: workflows there are now, by status. `gains`: of the metrics since the scrape
    before. `resets`: restarts of server processes seen in the metrics so far. `sdk` and
    `sdk_gains`: the same of the workers' own metrics.
    """

    now: datetime
    probe: Probe
    cluster: GetClusterInfoResponse | Missing
    namespace: DescribeNamespaceResponse | Missing
    statuses: Mapping[str, int] | Missing
    closed: ClosedWindow | Missing
    poisoned: int | Missing
    placements: tuple[Placement, ...] | Missing
    workers: tuple[Worker, ...] | Missing
    views: tuple[QueueView, ...]
    coverage: Coverage
    metrics: MetricsScrape | Missing
    gains: Increase | Missing
    resets: int
    sdk: MetricsScrape | Missing
    sdk_gains: Increase | Missing
    log: CallLog
    took_ms: float
