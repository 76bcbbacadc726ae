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
    rollup_1m_days: PositiveInt = Field(
        default=14,
        description="Days for which history in steps of a minute is kept; never less than "
        "`raw_days`.",
    )
    rollup_1m_bytes: PositiveInt = Field(
        default=20_000_000_000,
        description="Bytes these may take, indexes included; beyond it the oldest days go first, "
        "never the current one.",
    )
    rollup_1h_days: PositiveInt = Field(
        default=400,
        description="Days for which history in steps of an hour is kept; never less than "
        "`raw_days`.",
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
