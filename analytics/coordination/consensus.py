"""How long the parts took to agree."""

from collections.abc import Iterable, Sequence

import numpy as np

from analytics.coordination.results import Occurrence
from analytics.forecasting.series import FloatArray
from contracts.events import CoordinationEvent

__all__ = ["DELAY_LIMIT_MS", "MIN_DECISIONS", "WINDOW_S", "consensus_delays"]

DELAY_LIMIT_MS = 1000.0
MIN_DECISIONS = 20
WINDOW_S = 3600.0


def consensus_delays(events: Iterable[CoordinationEvent]) -> tuple[Occurrence, ...]:
    """Hours in which the mean of `consensus_time` is above the specification's 1,000 ms.

    Hours begin every half hour from the first event on, so that none is cut in two unseen, and
    those with fewer than 20 decisions are not judged. Neighbours are told as one.
    """
    timed = {event.id: event for event in events if event.consensus_time is not None}
    if not timed:
        return ()
    ordered = sorted(timed.values(), key=lambda it: (it.event_time, it.id))
    at_s = np.array([event.event_time.timestamp() for event in ordered])
    took_ms = np.array([event.consensus_time or 0.0 for event in ordered])
    slow = _slow_spans(at_s, took_ms)
    return tuple(_occurrence(ordered[i:j], took_ms[i:j]) for i, j in slow)


def _slow_spans(at_s: FloatArray, took_ms: FloatArray) -> list[tuple[int, int]]:
    """First and one past the last event of each run of slow hours."""
    half = np.floor((at_s - at_s[0]) / (WINDOW_S / 2)).astype(np.int64)
    spans: list[tuple[int, int]] = []
    for step in np.unique(np.concatenate([half - 1, half])):
        i, j = np.searchsorted(half, step), np.searchsorted(half, step + 2)
        if j - i < MIN_DECISIONS or np.mean(took_ms[i:j] / DELAY_LIMIT_MS) <= 1:
            continue
        if spans and i <= spans[-1][1]:
            spans[-1] = (spans[-1][0], int(j))
        else:
            spans.append((int(i), int(j)))
    return spans


def _occurrence(events: Sequence[CoordinationEvent], took_ms: FloatArray) -> Occurrence:
    # Divided first: the sum of the largest floats is none.
    average = float(np.sum(took_ms / len(took_ms)))
    p95 = float(np.quantile(took_ms, 0.95))
    return Occurrence(
        subject="consensus",
        participants=tuple(dict.fromkeys(name for it in events for name in it.participants)),
        from_s=events[0].event_time.timestamp(),
        to_s=events[-1].event_time.timestamp(),
        measured={"avg_delay_ms": average, "p95_delay_ms": p95, "decisions": float(len(events))},
        evidence=f"{len(events)} decisions took {average:.4g} ms on average, one in twenty "
        f"{p95:.4g} ms or more.",
    )
