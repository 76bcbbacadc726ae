"""What bounds ingest: the size of a batch, and how much bad input it bears."""

from collections import deque

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt

__all__ = ["DeadLetterLimit", "DeadLetterLimitError", "IngestLimits"]

WATCHED_MESSAGES = 1_000


class IngestLimits(BaseModel):
    """When a batch is written (whichever comes first), and what is not borne."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_records: PositiveInt = Field(default=500, description="Records in one transaction.")
    batch_bytes: PositiveInt = Field(
        default=4 * 1024 * 1024, description="Bytes of messages in one transaction."
    )
    linger_s: PositiveFloat = Field(default=0.25, description="Seconds to wait for messages.")
    max_ahead_s: PositiveFloat = Field(
        default=3_600.0,
        le=31_536_000,
        description="Seconds that a record's time may be ahead of the clock; one from later is a "
        "dead letter, because it would be the newest until then.",
    )
    dead_letter_limit: NonNegativeInt = Field(
        default=500,
        le=WATCHED_MESSAGES,
        description=f"Ingest stops when more of the last {WATCHED_MESSAGES:,} messages are no "
        "records: then it, or what publishes them, is the wrong version. 0: it never does.",
    )


class DeadLetterLimitError(Exception):
    """Too many of the last messages are no records; the message says what to do."""


class DeadLetterLimit:
    """Counts bad messages among the last ones."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._last: deque[bool] = deque(maxlen=WATCHED_MESSAGES)

    def note(self, *, bad: bool, reason: str = "") -> None:
        """Raises `DeadLetterLimitError` at the bad message that is one too many."""
        self._last.append(bad)
        if bad and self._limit and sum(self._last) > self._limit:
            raise DeadLetterLimitError(
                f"more than {self._limit} of the last {WATCHED_MESSAGES:,} messages are no records "
                f"(the last one: {reason}). Nothing more is taken. Mend what publishes them, or "
                "run the version that can read them; to set them all aside, set "
                "WOA_INGEST__DEAD_LETTER_LIMIT=0"
            )
