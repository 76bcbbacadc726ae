"""What an operator may set about the database."""

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

__all__ = ["RetentionSettings"]


class RetentionSettings(BaseModel):
    """What is kept, and for how long."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    raw_days: PositiveInt = Field(default=14, description="Days for which the raw history is kept.")
    raw_bytes: PositiveInt = Field(
        default=20_000_000_000,
        description="Bytes the raw history may take, indexes included; beyond it the oldest days "
        "go first, never the current one.",
    )
    outbox_hours: PositiveInt = Field(
        default=24, description="Hours for which a client may resume live updates."
    )
    dead_letter_days: PositiveInt = Field(
        default=30, description="Days for which messages that could not be read are kept."
    )
    scaling_event_days: PositiveInt = Field(
        default=400, description="Days for which it is kept what happened to the sizes of pools."
    )
    days_ahead: PositiveInt = Field(
        default=3, description="Days for which partitions are made ahead of time."
    )
