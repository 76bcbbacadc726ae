"""What every record has in common: frozen, camelCase on the wire, aware times, finite numbers."""

from datetime import UTC
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

__all__ = ["Count", "NonNegative", "Ratio", "Record", "UtcDatetime"]

UtcDatetime = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
"""An aware point in time; a naive one is refused, another zone is turned into UTC."""

Count = Annotated[int, Field(ge=0)]
"""A number of things. `None` beside it means unknown, never zero."""

NonNegative = Annotated[float, Field(ge=0)]
"""A measured amount in the unit its field's name or description states."""

Ratio = Annotated[float, Field(ge=0, le=1)]
"""A share between 0 and 1."""


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
