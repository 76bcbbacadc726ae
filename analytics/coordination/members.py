"""Members that begin again and again: each takes up work and leaves it half done."""

from collections import defaultdict
from collections.abc import Sequence

from analytics.coordination.elections import joined_spans
from analytics.coordination.events import JOINED, LEFT, Moment
from analytics.coordination.results import Occurrence

__all__ = ["RESTARTS", "RESTARTS_S", "restart_storms"]

RESTARTS = 3
RESTARTS_S = 600.0


def restart_storms(moments: Sequence[Moment]) -> tuple[Occurrence, ...]:
    """Members that left and joined again three times within ten minutes.

    Only joins after a leave count: members of one name that begin together have not begun again.
    All times are those of one member's clock, which the clocks' difference does not touch.
    """
    again: dict[str, list[float]] = defaultdict(list)
    gone: set[str] = set()
    for moment in moments:
        if moment.kind in LEFT:
            gone.add(moment.member)
        elif moment.kind in JOINED and moment.member in gone:
            gone.remove(moment.member)
            again[moment.member].append(moment.at_s)
    return tuple(
        _occurrence(member, span, times)
        for member, times in sorted(again.items())
        for span in joined_spans(
            [
                (run[0], run[-1])
                for run in zip(*(times[i:] for i in range(RESTARTS)), strict=False)
                if run[-1] - run[0] <= RESTARTS_S
            ]
        )
    )


def _occurrence(member: str, span: tuple[float, float], times: Sequence[float]) -> Occurrence:
    within = sum(span[0] <= at <= span[1] for at in times)
    return Occurrence(
        subject=member,
        participants=(member,),
        from_s=span[0],
        to_s=span[1],
        measured={"restarts": float(within)},
        evidence=f"{member} began again {within} times in {span[1] - span[0]:.4g} s.",
    )
