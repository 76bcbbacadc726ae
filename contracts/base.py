"""What every record has in common: frozen, camelCase on the wire, aware times, finite numbers."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

__all__ = [
    "CollectedAt",
    "Count",
    "JsonObject",
    "NonNegative",
    "OrchestratorId",
    "PoolId",
    "Ratio",
    "Record",
    "StorableJson",
    "Text",
    "UtcDatetime",
]


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC it lies outside the years 1 to 9999") from error


def _without_nul(value: str) -> str:
    return value.replace("\0", "\ufffd") if "\0" in value else value


def _storable(value: JsonValue) -> JsonValue:
    match value:
        case str():
            return _without_nul(value)
        case list():
            return [_storable(each) for each in value]
        case dict():
            return {_without_nul(name): _storable(each) for name, each in value.items()}
        case _:
            return value


def _storable_object(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {_without_nul(name): _storable(each) for name, each in value.items()}


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An aware point in time; a naive one is refused, another zone is turned into UTC."""

Text = Annotated[str, AfterValidator(_without_nul)]
"""Text as PostgreSQL can hold it: the character U+0000 is replaced by U+FFFD.

Names come from other systems; one with a NUL in it must not cost the whole record.
"""

StorableJson = Annotated[JsonValue, AfterValidator(_storable)]
"""Any JSON, its texts as in `Text`."""

JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_storable_object)]
"""A JSON object whose keys are the source's own, its texts as in `Text`."""

Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A number of things. `None` beside it means unknown, never zero."""

NonNegative = Annotated[float, Field(ge=0)]
"""A measured amount in the unit its field's name or description states."""

Ratio = Annotated[float, Field(ge=0, le=1)]
"""A share between 0 and 1."""


OrchestratorId = Annotated[
    UUID, Field(description="The orchestrator it belongs to; the same on every machine.")
]

PoolId = Annotated[
    UUID, Field(description="The worker pool it is about; the same on every machine.")
]

CollectedAt = Annotated[UtcDatetime, Field(description="When it was read at the source.")]


class Record(BaseModel):
    """Base of everything that travels.

    Unknown fields are ignored, so that a newer writer does not break an older reader:
    within one schema version changes are additive.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        allow_inf_nan=False,
        serialize_by_alias=True,
    )

    def to_wire(self) -> dict[str, Any]:
        """The record as plain JSON types with the specification's camelCase names."""
        return self.model_dump(mode="json")
