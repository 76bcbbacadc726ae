"""What is read of Prefect's answers. Everything else, parameters above all, is dropped unread."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

__all__ = ["FlowRun", "Limit", "State", "WorkPool", "WorkQueue", "Worker"]


class State(Struct, frozen=True):
    """A state that a run is or was in."""

    type: str
    timestamp: datetime
    name: str | None = None


class FlowRun(Struct, frozen=True):
    """One flow run."""

    id: UUID
    state_type: str | None = None
    state_name: str | None = None
    run_count: int = 0
    expected_start_time: datetime | None = None
    next_scheduled_start_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    total_run_time: float = 0.0
    deployment_id: UUID | None = None
    work_queue_id: UUID | None = None
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    name: str = ""
    labels: Mapping[str, str | float | bool | None] = field(default_factory=dict)
    state: State | None = None

    @property
    def worker(self) -> str | None:
        """Name of the worker that submitted it (from 3.2 on)."""
        name = self.labels.get("prefect.worker.name")
        return name if isinstance(name, str) else None


class WorkPool(Struct, frozen=True):
    """One work pool. `active_slots` is null where there is no limit (and in 3.6 and before)."""

    id: UUID
    name: str
    type: str
    is_paused: bool = False
    concurrency_limit: int | None = None
    status: str | None = None
    active_slots: int | None = None


class WorkQueue(Struct, frozen=True):
    """One queue of a work pool."""

    id: UUID
    name: str
    is_paused: bool = False
    concurrency_limit: int | None = None
    priority: int | None = None
    work_pool_name: str | None = None
    last_polled: datetime | None = None
    status: str | None = None
    active_slots: int | None = None


class Worker(Struct, frozen=True):
    """One worker of a pool. The server lists it for ever."""

    id: UUID
    name: str
    status: str | None = None
    last_heartbeat_time: datetime | None = None
    heartbeat_interval_seconds: int | None = None


class Limit(Struct, frozen=True):
    """A global concurrency limit."""

    name: str
    limit: int
    active_slots: float = 0
    active: bool = True
