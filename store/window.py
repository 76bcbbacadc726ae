"""The steps in which history is shown, chosen by the server."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor

__all__ = ["EPOCH", "Window", "choose_window", "whole_steps"]

STEPS_S = (
    *(1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1_200, 1_800),
    *(3_600, 7_200, 10_800, 14_400, 21_600, 43_200, 86_400),
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """A range of time in steps that begin at multiples of the step since 1970 (UTC).

    `end` is the end of the step that the present lies in, so the last step may be incomplete
    and the window stays the same until that step is over.
    """

    start: datetime
    end: datetime
    step_s: int

    def starts(self) -> list[datetime]:
        """The beginning of each step."""
        count = round((self.end - self.start).total_seconds() / self.step_s)
        return [self.start + timedelta(seconds=self.step_s * index) for index in range(count)]


def choose_window(
    range_s: float, max_points: int, interval_s: float | None, now: datetime
) -> Window:
    """At most `max_points` steps that reach back `range_s` seconds from `now`.

    No step is shorter than two sample intervals: samples come with jitter, and a step of one
    interval would now and then fall between two of them and show a gap that is none.
    """
    least_s = max(range_s / max_points, 2 * (interval_s or 0), STEPS_S[0])
    fitting = (step for step in STEPS_S if step >= least_s)
    day_s = STEPS_S[-1]
    step_s = next(fitting, ceil(least_s / day_s) * day_s)
    last = floor((now - EPOCH).total_seconds() / step_s) + 1
    first = last - max(1, ceil(range_s / step_s))
    return Window(_moment(first * step_s), _moment(last * step_s), step_s)


def whole_steps(count: int, step_s: int, now: datetime) -> Window:
    """The last `count` steps that are over."""
    last = floor((now - EPOCH).total_seconds() / step_s)
    return Window(_moment((last - count) * step_s), _moment(last * step_s), step_s)


def _moment(seconds: int) -> datetime:
    return EPOCH + timedelta(seconds=seconds)
