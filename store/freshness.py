"""How far a value that is served from the latest state may be trusted."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Observation", "SectionState", "section_state"]

ASSUMED_INTERVAL_S = 60.0
STALE_INTERVALS = 3


class SectionState(StrEnum):
    """What a reader has to know beside the value."""

    OK = "ok"
    STALE = "stale"
    UNSUPPORTED = "unsupported"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Observation:
    """When a value was observed, and what became of the newest attempt to observe it."""

    observed_at: datetime | None
    """Time of the value; null when there never was one."""
    newest_at: datetime
    """Time of the newest record that should have carried the value."""
    interval_s: float | None
    """Planned seconds between two records; null when the agent does not say."""
    failed: bool
    """The newest record is an outage, or some of its calls failed."""

    def state(self, now: datetime) -> SectionState:
        """The state of the value at `now`."""
        return section_state(self, now)


def section_state(seen: Observation, now: datetime) -> SectionState:
    """`error`: the newest record could not read it, and the last good value, if any, stands.

    `unsupported`: nothing ever gave a value and nothing failed. `stale`: the newest value is
    older than three intervals (of a minute where the interval is unknown). Else `ok`.
    """
    if seen.observed_at is None:
        return SectionState.ERROR if seen.failed else SectionState.UNSUPPORTED
    if seen.observed_at < seen.newest_at:
        return SectionState.ERROR
    interval_s = seen.interval_s or ASSUMED_INTERVAL_S
    if (now - seen.observed_at).total_seconds() > STALE_INTERVALS * interval_s:
        return SectionState.STALE
    return SectionState.OK
