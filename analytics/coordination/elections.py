"""Who led when: split brain and election storms, under a bound of the clocks' difference.

Two leaders are proof of a split brain only where no clock within the bound explains them. Each
member's events bear the time of its own clock, and two clocks differ by at most the bound: an
overlap of two members' times by more than the bound did happen; one that is shorter may not
have (Lamport 1978; the bound is used as in Spanner's TrueTime, Corbett et al. 2012).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from analytics.coordination.events import ELECTED, STOOD_DOWN, Moment
from analytics.coordination.results import Occurrence

__all__ = [
    "STORM_ELECTIONS",
    "STORM_S",
    "Reign",
    "election_storms",
    "joined_spans",
    "reigns",
    "split_brains",
]

STORM_ELECTIONS = 3
STORM_S = 600.0


@dataclass(frozen=True)
class Reign:
    """A member leads from `from_s` to `to_s`; null: nobody told when it ended."""

    election: str
    member: str
    term: float | None
    from_s: float
    to_s: float | None


def reigns(moments: Sequence[Moment]) -> tuple[Reign, ...]:
    """Times of leadership. Without a word of its end one ends when its lease runs out."""
    found: list[Reign] = []
    open_: dict[tuple[str, str], Reign] = {}
    for moment in moments:
        key = (moment.subject, moment.member)
        held = open_.get(key)
        lease_s = moment.number("leaseDurationS")
        runs_out_s = None if lease_s is None else moment.at_s + lease_s
        if moment.kind in ELECTED:
            if held is not None:
                # Elected again: it led no more at some time before, which nobody told.
                found.append(held if held.to_s is None else _ended(held, moment.at_s))
            term = moment.number("term")
            open_[key] = Reign(moment.subject, moment.member, term, moment.at_s, runs_out_s)
        elif held is not None and moment.kind == "lease_renewed":
            open_[key] = replace(held, to_s=runs_out_s or held.to_s)
        elif held is not None and moment.kind in STOOD_DOWN:
            found.append(_ended(open_.pop(key), moment.at_s))
    found += open_.values()
    return tuple(sorted(found, key=lambda it: (it.from_s, it.election, it.member)))


def _ended(reign: Reign, at_s: float) -> Reign:
    return replace(reign, to_s=at_s if reign.to_s is None else min(at_s, reign.to_s))


def split_brains(moments: Sequence[Moment], skew_s: float) -> tuple[Occurrence, ...]:
    """Two leaders of one term, two at one time, or a write of a leader that had been replaced."""
    found: list[Occurrence] = []
    of_term: dict[tuple[str, float], Reign] = {}
    lasting: dict[str, list[Reign]] = defaultdict(list)
    for reign in reigns(moments):
        same: list[Reign] = []
        if reign.term is not None:
            key = (reign.election, reign.term)
            same = [of_term[key]] if key in of_term else []
            of_term[key] = reign
        still = [it for it in lasting[reign.election] if (it.to_s or it.from_s) > reign.from_s]
        for other in dict.fromkeys((*same, *still)):
            if (two := _two_leaders(other, reign, skew_s)) is not None:
                found.append(two)
        lasting[reign.election] = [*still, reign]
    return (*found, *_fenced_writes(moments, skew_s))


def _two_leaders(one: Reign, other: Reign, skew_s: float) -> Occurrence | None:
    if one.member == other.member:
        return None
    begin = max(one.from_s, other.from_s)
    end = min(_or_begin(one, begin), _or_begin(other, begin))
    both = f"{one.member} and {other.member} both led {one.election}"
    if one.term is not None and one.term == other.term:
        evidence = f"{both} in term {one.term:.0f}."
    elif end - begin > skew_s:
        evidence = f"{both} for {end - begin:.4g} s; clocks differ by {skew_s:.4g} s at most."
    else:
        return None
    return Occurrence(
        subject=one.election,
        participants=(one.member, other.member),
        from_s=begin,
        to_s=max(begin, end),
        measured={"overlap_s": max(0.0, end - begin), "max_clock_skew_s": skew_s},
        evidence=evidence,
    )


def _or_begin(reign: Reign, begin_s: float) -> float:
    """Its end. One that nobody told of is no proof that it lasted."""
    return begin_s if reign.to_s is None else reign.to_s


def _fenced_writes(moments: Sequence[Moment], skew_s: float) -> list[Occurrence]:
    """Accepted writes whose fencing token is lower than one accepted before (Kleppmann 2016)."""
    writes: dict[str, list[Moment]] = defaultdict(list)
    for moment in moments:
        if moment.kind == "write_accepted" and moment.number("fencingToken") is not None:
            writes[moment.subject].append(moment)
    found: list[Occurrence] = []
    for resource, each in writes.items():
        numbered = all(write.number("revision") is not None for write in each)
        ordered = sorted(each, key=lambda it: it.number("revision") or 0.0) if numbered else each
        highest = ordered[0]
        for write in ordered[1:]:
            token, high = write.number("fencingToken") or 0.0, highest.number("fencingToken") or 0.0
            if token >= high:
                highest = write
            # Without the store's own order a member's clock decides it, to within the bound.
            elif numbered or write.at_s - highest.at_s > skew_s:
                found.append(
                    Occurrence(
                        subject=resource,
                        participants=(highest.member, write.member),
                        from_s=highest.at_s,
                        to_s=write.at_s,
                        measured={"token": token, "token_before": high},
                        evidence=f"{resource} took a write of {write.member} with token "
                        f"{token:.0f} after one of {highest.member} with token {high:.0f}.",
                    )
                )
    return found


def election_storms(moments: Sequence[Moment], skew_s: float) -> tuple[Occurrence, ...]:
    """Three or more elections within ten minutes, however the clocks differ."""
    elected: dict[str, list[Moment]] = defaultdict(list)
    told: set[tuple[str, str, float]] = set()
    for moment in moments:
        if moment.kind in ELECTED:
            term = moment.number("term")
            known = (moment.subject, moment.member, -1.0 if term is None else term)
            # Several members may tell of one election.
            if term is None or known not in told:
                elected[moment.subject].append(moment)
            told.add(known)
    found: list[Occurrence] = []
    for election, each in elected.items():
        stormy = [
            run
            for run in zip(*(each[i:] for i in range(STORM_ELECTIONS)), strict=False)
            if run[-1].at_s - run[0].at_s + skew_s <= STORM_S
        ]
        for run in joined_spans([(run[0].at_s, run[-1].at_s) for run in stormy]):
            within = [it for it in each if run[0] <= it.at_s <= run[1]]
            found.append(
                Occurrence(
                    subject=election,
                    participants=tuple(dict.fromkeys(it.member for it in within)),
                    from_s=run[0],
                    to_s=run[1],
                    measured={"elections": float(len(within))},
                    evidence=f"{election} was elected {len(within)} times in "
                    f"{run[1] - run[0]:.4g} s.",
                )
            )
    return tuple(found)


def joined_spans(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans in the order of their beginnings, those that touch as one."""
    borders = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(spans)) if b[0] > a[1]), len(spans)]
    groups = [spans[a:b] for a, b in pairwise(borders) if a < b]
    return [(group[0][0], max(end for _, end in group)) for group in groups]
