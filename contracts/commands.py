"""Commands: what agents are asked to do to an orchestrator. Off unless switched on.

A command is signed, runs out, and names the state it was made for; the agent that gets it
decides last, by a policy of its own.
"""

from enum import StrEnum
from typing import Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from contracts.base import Count, OrchestratorId, PoolId, Record, Text, UtcDatetime

__all__ = ["CommandState", "ScaleCommand"]


class CommandState(StrEnum):
    """The life of a command. The last four are final."""

    PLANNED = "planned"
    APPROVED = "approved"
    DISPATCHED = "dispatched"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"


class ScaleCommand(Record):
    """Bring a pool to a size.

    Strict where records are lenient: an unknown field, or a 0 where a boolean belongs, must
    never turn a dry run into a real change.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["scale"] = Field(default="scale", description="Which command it is.")
    id: UUID = Field(description="Names the command in the ledger.")
    orchestrator_id: OrchestratorId
    pool_id: PoolId
    expected_size: Count = Field(
        strict=True, description="Carried out only if the pool has this size."
    )
    target_size: Count = Field(strict=True, description="Workers the pool shall have.")
    dry_run: bool = Field(strict=True, description="Say what would happen; change nothing.")
    reason: Text = Field(min_length=1, description="Why, for a person.")
    requested_by: Text = Field(min_length=1, description="Who asked: a token's name, or a policy.")
    issued_at: UtcDatetime = Field(description="When it was made.")
    expires_at: UtcDatetime = Field(description="From then on it is not carried out any more.")
    nonce: UUID = Field(description="A command is carried out once.")
    signature: Text | None = Field(
        default=None, description="Ed25519 over the other fields, base64. null: not signed."
    )

    @model_validator(mode="after")
    def _runs_out(self) -> Self:
        if self.expires_at <= self.issued_at:
            raise ValueError("expires_at must be after issued_at")
        return self
