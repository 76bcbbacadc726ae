"""Locks: who waited for whom, how long, and whether in a circle.

Waits and holds are measured by the clock of the one that waits or holds, so that clocks that
differ do not touch them. Only a circle takes several clocks: it counts where it lasted for
longer than clocks may differ.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from analytics.coordination.events import LOCK_ENDED, Moment
from analytics.coordination.results import Occurrence

__all__ = [
    "CONTENTION_LIMIT",
    "MIN_ACQUISITIONS",
    "Span",
    "contended_locks",
    "deadlocks",
    "lock_spans",
]

MIN_ACQUISITIONS = 20
CONTENTION_LIMIT = 0.5


@dataclass(frozen=True)
class Span:
    """A member waits for a lock, or holds it. `to_s` null: it still does."""

    lock: str
    member: str
    shared: bool
    from_s: float
    to_s: float | None


@dataclass(frozen=True)
class LockSpans:
    """All waits and holds."""

    waits: tuple[Span, ...]
    holds: tuple[Span, ...]


def lock_spans(moments: Sequence[Moment], skew_s: float) -> LockSpans:
    """Pair the events of each member and lock, in the order of the member's own clock.

    A hold of which nobody told the end is left out where another got the lock after it: it did
    end, and when is not known.
    """
    waits: list[Span] = []
    holds: list[Span] = []
    waiting: dict[tuple[str, str], Moment] = {}
    holding: dict[tuple[str, str], Moment] = {}
    for moment in moments:
        key = (moment.subject, moment.member)
        if moment.kind == "lock_waiting":
            waiting.setdefault(key, moment)
        elif moment.kind == "lock_timeout" and key in waiting:
            waits.append(_span(waiting.pop(key), moment.at_s))
        elif moment.kind == "lock_acquired":
            wait_ms = moment.number("waitMs")
            began = waiting.pop(key, None)
            if began is not None:
                waits.append(_span(began, moment.at_s))
            elif wait_ms is not None:
                waits.append(_span(moment, moment.at_s, moment.at_s - wait_ms / 1000))
            holding.setdefault(key, moment)
        elif moment.kind in LOCK_ENDED and key in holding:
            holds.append(_span(holding.pop(key), moment.at_s))
    waits += [_span(moment, None) for moment in waiting.values()]
    latest_s: dict[str, float] = {}
    for hold in holds + [_span(moment, None) for moment in holding.values()]:
        if not hold.shared:
            latest_s[hold.lock] = max(hold.from_s, latest_s.get(hold.lock, hold.from_s))
    holds += [
        _span(moment, None)
        for moment in holding.values()
        if latest_s.get(moment.subject, moment.at_s) - moment.at_s <= skew_s
    ]
    return LockSpans(tuple(waits), tuple(holds))


def _span(moment: Moment, to_s: float | None, from_s: float | None = None) -> Span:
    return Span(
        lock=moment.subject,
        member=moment.member,
        shared=moment.details.get("mode") == "shared",
        from_s=moment.at_s if from_s is None else from_s,
        to_s=to_s,
    )


def contended_locks(spans: LockSpans) -> tuple[Occurrence, ...]:
    """Locks of which the time waited is more than half of waited and held together.

    Only ended waits and holds count, and only locks that were got at least 20 times: of fewer
    the share says little. The worst comes first.
    """
    waited, held = _by_lock(spans.waits), _by_lock(spans.holds)
    found = [
        lock
        for name, holds in held.items()
        if len(holds) >= MIN_ACQUISITIONS
        and (lock := _contended(name, waited.get(name, []), holds)) is not None
    ]
    return tuple(sorted(found, key=lambda it: -float(it.measured["contention_ratio"] or 0)))


def _contended(name: str, waits: list[Span], holds: list[Span]) -> Occurrence | None:
    wait_s = sum(_length_s(span) for span in waits)
    hold_s = sum(_length_s(span) for span in holds)
    if wait_s + hold_s <= 0 or wait_s / (wait_s + hold_s) <= CONTENTION_LIMIT:
        return None
    lengths = [_length_s(span) for span in waits]
    return Occurrence(
        subject=name,
        participants=tuple(dict.fromkeys(span.member for span in waits)),
        from_s=min(span.from_s for span in (*waits, *holds)),
        to_s=max(span.to_s or span.from_s for span in (*waits, *holds)),
        measured={
            "contention_ratio": wait_s / (wait_s + hold_s),
            "wait_s": wait_s,
            "hold_s": hold_s,
            "p95_wait_s": float(np.quantile(lengths, 0.95)),
            "acquisitions": float(len(holds)),
        },
        evidence=f"{name}: {wait_s:.4g} s waited and {hold_s:.4g} s held in {len(holds)} turns.",
    )


def _by_lock(spans: Iterable[Span]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if span.to_s is not None:
            found[span.lock].append(span)
    return found


def _length_s(span: Span) -> float:
    return max(0.0, (span.to_s or span.from_s) - span.from_s)


@dataclass(frozen=True)
class Edge:
    """A member waits for another from `from_s`, and surely still `to_s`."""

    waiter: str
    holder: str
    lock: str
    from_s: float
    to_s: float


def deadlocks(spans: LockSpans, end_s: float, skew_s: float) -> tuple[Occurrence, ...]:
    """Circles in the graph of who waits for whom (Coffman, Elphick and Shoshani 1971).

    `end_s` is up to when events are known: what has not ended lasted till then. A time-out
    alone is no deadlock.
    """
    edges = sorted(_edges(spans, end_s, skew_s), key=lambda it: it.from_s)
    found: dict[tuple[tuple[str, str], ...], Occurrence] = {}
    active: list[Edge] = []
    for edge in edges:
        active = [it for it in active if it.to_s > edge.from_s]
        circle = _path(active, edge.holder, edge.waiter)
        active.append(edge)
        if circle is None:
            continue
        members = (edge, *circle)
        key = tuple(sorted((it.waiter, it.lock) for it in members))
        found.setdefault(
            key,
            Occurrence(
                subject=", ".join(it.lock for it in members),
                participants=tuple(it.waiter for it in members),
                from_s=edge.from_s,
                to_s=min(it.to_s for it in members) + skew_s,
                measured={"members": float(len(members)), "max_clock_skew_s": skew_s},
                evidence="; ".join(
                    f"{it.waiter} waits for {it.lock}, which {it.holder} holds" for it in members
                )
                + ".",
            ),
        )
    return tuple(found.values())


def _edges(spans: LockSpans, end_s: float, skew_s: float) -> Iterable[Edge]:
    """Who waited for whom. The last `skew_s` of each is left off: it may be the clocks'."""
    holds: dict[str, list[Span]] = defaultdict(list)
    for hold in sorted(spans.holds, key=lambda it: it.from_s):
        holds[hold.lock].append(hold)
    starts_s = {lock: [it.from_s for it in each] for lock, each in holds.items()}
    longest_s = {
        lock: max(_end_s(it, end_s) - it.from_s for it in each) for lock, each in holds.items()
    }
    for wait in spans.waits:
        if wait.lock not in holds:
            continue
        starts, wait_end_s = starts_s[wait.lock], _end_s(wait, end_s)
        first = bisect_left(starts, wait.from_s - longest_s[wait.lock])
        for hold in holds[wait.lock][first : bisect_left(starts, wait_end_s)]:
            if wait.member == hold.member or (wait.shared and hold.shared):
                continue
            begin = max(wait.from_s, hold.from_s)
            end = min(wait_end_s, _end_s(hold, end_s)) - skew_s
            if end > begin:
                yield Edge(wait.member, hold.member, wait.lock, begin, end)


def _end_s(span: Span, end_s: float) -> float:
    return end_s if span.to_s is None else span.to_s


def _path(edges: list[Edge], start: str, goal: str) -> tuple[Edge, ...] | None:
    """The shortest way from `start` to `goal` over what waits; null: there is none."""
    out: dict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        out[edge.waiter].append(edge)
    came: dict[str, Edge] = {}
    front = [start]
    while front and goal not in came:
        steps = [edge for member in front for edge in out[member]]
        front = []
        for edge in steps:
            if edge.holder not in came and edge.holder != start:
                came[edge.holder] = edge
                front.append(edge.holder)
    if goal not in came:
        return None
    way: list[Edge] = []
    while not way or way[0].waiter != start:
        way.insert(0, came[way[0].waiter if way else goal])
    return tuple(way)
