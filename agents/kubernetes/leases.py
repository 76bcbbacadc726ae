"""What leases tell of who leads: elections, as the detectors of `analytics.coordination` read them.

A lease tells its holder, since when, when that was renewed last, for how long that is good, and
how often it changed hands. The times are those of the holders' own clocks.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from agents.kubernetes.state import LeaseState
from agents.missing import Missing
from contracts.events import CoordinationEvent
from contracts.identity import sample_id

__all__ = ["LeaseEvent", "LeaseTrail", "build_lease_events"]

MOST_EVENTS = 200
"""In one interval: leases of many components may lie in one namespace."""

RECENT = timedelta(hours=1)
"""What was acquired longer ago is told by its last renewal: to whoever reads the events of an
hour, that it was held then says as much."""


@dataclass(frozen=True)
class LeaseEvent:
    """`kind` as in `analytics.coordination.events`."""

    kind: str
    lease: LeaseState
    at: datetime


@dataclass
class LeaseTrail:
    """Told by the informer of every change; `take` gives what happened and begins anew.

    `elections` counts holders that came after another or after nobody.
    """

    elections: int = 0
    _events: list[LeaseEvent] = field(default_factory=list)
    _lists: int = 0
    _led: set[str] = field(default_factory=set)
    _ran_out: set[str] = field(default_factory=set)
    _took_over: list[tuple[LeaseState, LeaseState]] = field(default_factory=list)

    def change(self, before: LeaseState | None, after: LeaseState | None) -> None:
        """A lease came, was renewed, changed hands or went."""
        if before is not None and after is not None:
            self.elections += _holder(after) not in ("", _holder(before))
        if before is not None and after is not None and _holder(before) not in ("", _holder(after)):
            self._events += [*_acquired(before), *_at(before, "lease_renewed", _renewed(before))]
            if _holder(after):
                self._took_over.append((before, after))
            else:
                self._events += _at(before, "lease_released", _renewed(after))
        if before is not None and (after is None or _holder(after) != _holder(before)):
            self._led.discard(before.name)
            self._ran_out.discard(before.name)
        if after is not None and after.name not in self._led and _holder(after):
            self._lead(after)

    def take(
        self, leases: Sequence[LeaseState] | Missing, at: datetime, lists: int
    ) -> tuple[LeaseEvent, ...]:
        """What happened until `at`, given the leases as they are; nothing while nobody is heard.

        `lists`: how often they were listed. Where they were again, because the server had
        forgotten what was heard of last, a release may not have been seen: then whoever was
        followed by another led until that one began.
        """
        if isinstance(leases, Missing):
            return ()
        relisted, self._lists = 0 < self._lists < lists, lists
        for before, after in self._took_over:
            self._events += _ended(before, after, seen=not relisted)
        for lease in leases:
            led, fresh = lease.name in self._led, lease.is_fresh(at)
            if fresh and not led and _holder(lease):
                self._lead(lease)
            elif led and not fresh:
                self._led.remove(lease.name)
                self._ran_out.add(lease.name)
                self._events += _at(lease, "lease_expired", _runs_out(lease))
        told = tuple(self._events[:MOST_EVENTS])
        self._events, self._took_over = [], []
        return told

    def _lead(self, lease: LeaseState) -> None:
        """It leads; one that ran out before does so again since it was renewed."""
        self._led.add(lease.name)
        again = lease.name in self._ran_out
        self._events += _acquired(lease, again=again)


def build_lease_events(
    events: Iterable[LeaseEvent], orchestrator: UUID
) -> tuple[CoordinationEvent, ...]:
    """As records. A lease that is made anew counts its transitions anew: another election."""
    return tuple(
        CoordinationEvent(
            id=sample_id(
                orchestrator,
                "coordination-event",
                each.at,
                f"{each.kind}/{each.lease.name}/{each.lease.uid}/{_holder(each.lease)}",
            ),
            orchestrator_id=orchestrator,
            event_type=each.kind,
            event_time=each.at,
            details={
                "election": f"{each.lease.name}/{each.lease.uid[:8]}",
                "term": each.lease.spec.lease_transitions or 0,
                "leaseDurationS": each.lease.spec.lease_duration_seconds,
            },
            participants=(_holder(each.lease),),
        )
        for each in events
    )


def _holder(lease: LeaseState) -> str:
    return lease.spec.holder_identity or ""


def _renewed(lease: LeaseState) -> datetime | None:
    return lease.spec.renew_time or lease.spec.acquire_time


def _runs_out(lease: LeaseState) -> datetime | None:
    renewed, lasts_s = _renewed(lease), lease.spec.lease_duration_seconds
    return None if renewed is None or lasts_s is None else renewed + timedelta(seconds=lasts_s)


def _acquired(lease: LeaseState, *, again: bool = False) -> Iterator[LeaseEvent]:
    since, renewed = lease.spec.acquire_time, _renewed(lease)
    long_ago = since is None or (renewed is not None and renewed - since > RECENT)
    return _at(lease, "lease_acquired", renewed if again or long_ago else since)


def _ended(before: LeaseState, after: LeaseState, *, seen: bool) -> Iterator[LeaseEvent]:
    """How a leader ended whom another followed without a release that was seen: its lease ran
    out before that, or else it lasts into the time of the other, which is for detectors to judge.
    """
    begins, runs_out = after.spec.acquire_time, _runs_out(before)
    if begins is None or runs_out is None:
        return
    if runs_out <= begins:
        yield from _at(before, "lease_expired", runs_out)
    elif not seen:
        yield from _at(before, "leader_lost", begins)


def _at(lease: LeaseState, kind: str, at: datetime | None) -> Iterator[LeaseEvent]:
    if at is not None:
        yield LeaseEvent(kind, lease, at)
