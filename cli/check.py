"""What `woa doctor` found about one thing."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Check", "Gap", "State"]

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Gap:
    """Fields that a source does not give, for one reason."""

    reason: str
    fields: tuple[str, ...]
    """JSON pointers; those of another record than the orchestrator's begin with its kind."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `gaps` is null where no source was read."""

    name: str
    state: State
    found: str
    fix: str | None = None
    gaps: tuple[Gap, ...] | None = None
