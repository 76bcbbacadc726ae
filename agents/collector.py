"""The collector contract: what a new orchestrator has to bring. See docs/guides/collector.md."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Generic, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from contracts.coordination import CoordinationMetrics
from contracts.events import CoordinationEvent, ScalingEvent, SchedulingDecision
from contracts.identity import orchestrator_id
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import OrchestratorMetrics, OrchestratorType
from contracts.topics import PublishedRecord
from contracts.worker_pool import WorkerPoolMetrics
from contracts.worker_usage import WorkerUsage

__all__ = [
    "BadResponseError",
    "Batch",
    "Collector",
    "CollectorConfig",
    "CollectorError",
    "NothingNewError",
    "Reader",
    "UnauthorizedError",
    "UnreachableError",
    "UnsupportedVersionError",
    "UsageBatch",
    "UsageCollector",
]


class CollectorError(Exception):
    """Nothing usable could be read; the runner publishes the outage itself."""

    code: ClassVar[str] = "collector_error"


class UnreachableError(CollectorError):
    """The instance did not answer in time."""

    code = "unreachable"


class UnauthorizedError(CollectorError):
    """The instance refused our credentials."""

    code = "unauthorized"


class UnsupportedVersionError(CollectorError):
    """The instance lacks what this agent needs at the least."""

    code = "unsupported_version"


class BadResponseError(CollectorError):
    """The instance answered something that cannot be read."""

    code = "bad_response"


class CollectorConfig(BaseModel):
    """Settings every agent shares; subclasses add their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance_id: str = Field(
        min_length=1,
        max_length=255,
        description="Name of this instance. Together with the cluster it makes its id: keep it.",
    )
    cluster_name: str = Field(
        default="default", min_length=1, max_length=255, description="Cluster it belongs to."
    )
    interval_s: PositiveFloat = Field(default=15.0, description="Seconds between two scrapes.")
    timeout_s: PositiveFloat = Field(default=10.0, description="Deadline of one whole scrape.")
    duty_cycle_ratio: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Largest share of the time that may be spent inside scrapes; a slow source "
        "is asked less often.",
    )


class NothingNewError(Exception):
    """There is nothing to tell this time, which is no failure: the runner publishes nothing."""


@dataclass(frozen=True)
class Batch:
    """All that one pass learnt about one instance.

    A value that could not be read is null in its record with the reason in
    `metadata.unavailable`; calls that failed stand in `health.errors`.
    """

    orchestrator: OrchestratorMetrics
    pools: tuple[WorkerPoolMetrics, ...] = ()
    load_balancing: tuple[LoadBalancingMetrics, ...] = ()
    coordination: CoordinationMetrics | None = None
    events: tuple[SchedulingDecision | CoordinationEvent | ScalingEvent, ...] = ()

    def records(self) -> tuple[PublishedRecord, ...]:
        """All of it, the orchestrator first: what else there is belongs to it."""
        coordination = () if self.coordination is None else (self.coordination,)
        return (self.orchestrator, *self.pools, *self.load_balancing, *coordination, *self.events)


@dataclass(frozen=True)
class UsageBatch:
    """All that one pass learnt about one worker, null with its reason like in a `Batch`."""

    usage: WorkerUsage

    def records(self) -> tuple[PublishedRecord, ...]:
        """The one record."""
        return (self.usage,)


C = TypeVar("C", bound=CollectorConfig)


class Reader(ABC, Generic[C]):
    """Reads of one orchestrator instance, and owns the client it reads with."""

    orchestrator_type: ClassVar[OrchestratorType]
    config_model: ClassVar[type[CollectorConfig]]
    simulated: ClassVar[bool] = False
    """What it reads is made up, and every record of it says so."""

    def __init__(self, config: C) -> None:
        self.config = config

    @property
    def orchestrator_id(self) -> UUID:
        """Id of the instance, the same on every machine."""
        return orchestrator_id(
            self.orchestrator_type, self.config.cluster_name, self.config.instance_id
        )

    @abstractmethod
    async def collect(self, now: datetime) -> Batch | UsageBatch:
        """Return what could be read; raise `CollectorError` only when nothing could.

        `NothingNewError` is for a source that tells of itself when it wants to.
        """

    async def aclose(self) -> None:
        """Release the client. Safe to call twice."""
        return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


class Collector(Reader[C]):
    """Reads an orchestrator."""

    @abstractmethod
    async def collect(self, now: datetime) -> Batch:
        """See `Reader.collect`.

        Scores, statuses with hysteresis and trailing windows are the runner's business:
        leave them null.
        """


class UsageCollector(Reader[C]):
    """Reads what one worker uses, from beside it; the orchestrator is another agent's to read."""

    @abstractmethod
    async def collect(self, now: datetime) -> UsageBatch:
        """See `Reader.collect`."""

    @abstractmethod
    def outage(self, code: str, reason: str, now: datetime) -> UsageBatch | None:
        """What to publish of a scrape that learnt nothing; null while the worker has no id."""
