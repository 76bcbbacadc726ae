"""What an agent remembers of its last hour: the windows that a single sample cannot hold."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.orchestrator import OrchestratorMetrics, RecentOutcomes

__all__ = ["Trail"]

WINDOW = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Point:
    at: datetime
    utilization: float | None
    backlog: int | None
    completed: int | None
    failed: int | None
    interval_s: float | None


class Trail:
    """Fills peak utilization, recent outcomes and backlog growth of one orchestrator's records.

    Unknown samples are left out of the windows, never counted as zero.
    """

    def __init__(self) -> None:
        self._points: deque[_Point] = deque()

    def extend(self, record: OrchestratorMetrics) -> OrchestratorMetrics:
        """Remember `record` and return it with the trailing values filled in."""
        self._points.append(_point(record))
        while self._points[0].at <= record.collected_at - WINDOW:
            self._points.popleft()
        capacity, queuing, execution = record.capacity, record.queuing, record.execution
        return record.model_copy(
            update={
                "capacity": capacity
                and capacity.model_copy(update={"peak_utilization": self._peak()}),
                "queuing": queuing
                and queuing.model_copy(update={"backlog_growing_for_s": self._growing_for_s()}),
                "execution": execution
                and execution.model_copy(update={"recent": self._outcomes()}),
            }
        )

    def _peak(self) -> float | None:
        return max(
            (point.utilization for point in self._points if point.utilization is not None),
            default=None,
        )

    def _outcomes(self) -> RecentOutcomes | None:
        completed = failed = 0
        window_s = 0.0
        for point in self._points:
            if point.completed is None or point.failed is None or point.interval_s is None:
                continue
            completed += point.completed
            failed += point.failed
            window_s += point.interval_s
        return (
            RecentOutcomes(completed=completed, failed=failed, window_s=window_s)
            if window_s
            else None
        )

    def _growing_for_s(self) -> float | None:
        """Seconds since the low from which the backlog has climbed to a level not seen since.

        A dip on the way up does not end the growth; falling below an earlier level does.
        """
        known = [(point.at, point.backlog) for point in self._points if point.backlog is not None]
        if not known or known[-1][0] != self._points[-1].at:
            return None
        now, current = known[-1]
        low_at, low = now, current
        for at, backlog in reversed(known[:-1]):
            if backlog >= current:
                break
            if backlog < low:
                low_at, low = at, backlog
        return (now - low_at).total_seconds()


def _point(record: OrchestratorMetrics) -> _Point:
    capacity, queuing, execution = record.capacity, record.queuing, record.execution
    return _Point(
        at=record.collected_at,
        utilization=capacity.capacity_utilization if capacity else None,
        backlog=queuing.backlog_size if queuing else None,
        completed=execution.completed_workflows if execution else None,
        failed=execution.failed_workflows if execution else None,
        interval_s=execution.interval_s if execution else None,
    )
