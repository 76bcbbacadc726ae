"""All that one scrape knows, before it becomes records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.argo.cron import CronState
from agents.argo.limits import NamespaceLimit
from agents.argo.state import StepPod, WorkflowState
from agents.argo.tally import WorkflowTally
from agents.calls import CallLog
from agents.increases import Increase, MetricsScrape
from agents.kubernetes.leases import LeaseEvent
from agents.kubernetes.state import LeaseState
from agents.kubernetes.tally import Tally
from agents.missing import Missing

__all__ = ["Facts", "Snapshot"]


@dataclass(frozen=True)
class Facts:
    """What hardly changes. `parallelism`: 0 is no limit, of all or of each namespace.

    `archive`: whether workflows that are over are kept in a database.
    """

    kubernetes: str | Missing
    cluster: str | Missing
    argo: str | Missing
    parallelism: int | Missing
    namespace_parallelism: int | Missing
    archive: bool | Missing


@dataclass(frozen=True)
class Snapshot:
    """Each part is what was read, or why it could not be.

    `at` is the scrape's time by the API server's clock. `happened` (of workflows) and
    `pods_happened` are since the scrape before, `seconds` ago; `gained` is what the controller's
    counters gained since its metrics were read before. `server_ms`: round trip to Argo's server.
    `limited` are the namespaces with a limit of their own. `relisted`: the workflows were listed
    anew since the scrape before, because the server had forgotten what was heard of last.
    """

    now: datetime
    at: datetime
    api_ms: float | Missing
    facts: Facts
    workflows: Sequence[WorkflowState] | Missing
    pods: Sequence[StepPod] | Missing
    leases: Sequence[LeaseState] | Missing
    limited: Sequence[NamespaceLimit] | Missing
    crons: Sequence[CronState] | Missing
    metrics: MetricsScrape | Missing
    gained: Increase | Missing
    server_ms: float | Missing
    happened: WorkflowTally | Missing
    pods_happened: Tally | Missing
    seconds: float | Missing
    elections: int
    lease_events: Sequence[LeaseEvent]
    relists: int
    relisted: bool
    log: CallLog
    took_ms: float
