"""`WorkerUsage`: what one worker uses, as told by whoever runs beside it.

It adds to the worker that the records of a pool list, and says nothing else of worker or pool:
the two come from different agents, in any order, and neither erases what the other told.
"""

from uuid import UUID

from pydantic import Field

from contracts.base import CollectedAt, NonNegative, OrchestratorId, Record, Text
from contracts.orchestrator import Metadata

__all__ = ["USAGES", "WorkerUsage"]

USAGES = ("cpu_usage", "memory_usage", "disk_usage", "network_usage")
"""The amounts; a worker has fields of the same names."""


class WorkerUsage(Record):
    """Usage of one worker. Shares are of what it may use and may exceed 1."""

    id: UUID = Field(description="Names the sample; a retry of it has the same id.")
    orchestrator_id: OrchestratorId
    worker_id: Text = Field(
        min_length=1,
        max_length=255,
        description="The worker's `id`, in whichever pools of the orchestrator it is.",
    )
    collected_at: CollectedAt
    cpu_usage: NonNegative | None = Field(
        default=None, description="Share of the CPU it may use; may exceed 1."
    )
    memory_usage: NonNegative | None = Field(
        default=None, description="Share of the memory it may use; may exceed 1."
    )
    disk_usage: NonNegative | None = Field(
        default=None, description="Share of the disk it may use; may exceed 1."
    )
    network_usage: NonNegative | None = Field(default=None, description="Bytes per second.")
    metadata: Metadata = Metadata()
