"""Locks that workflows share: who holds each and who waits for it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agents.argo.state import Steps, WorkflowState
from agents.missing import Missing

__all__ = ["Lock", "locks_of"]


@dataclass(frozen=True)
class Lock:
    """A mutex or semaphore: who holds it and who waits, by workflow. `limit`: where it is told."""

    name: str
    holders: Sequence[str]
    waiting: Sequence[WorkflowState]
    waiting_steps: int
    limit: int | Missing


def locks_of(workflows: Sequence[WorkflowState]) -> Sequence[Lock]:
    """Every lock that somebody holds or waits for."""
    alive = [each for each in workflows if not each.over]
    holders, waiting = defaultdict(list), defaultdict(list)
    steps: Counter[str] = Counter()
    limits: dict[str, int] = {}
    for each in alive:
        for lock in each.holds:
            holders[lock].append(f"{each.namespace}/{each.name}")
        for lock in each.waits_for:
            waiting[lock].append(each)
        limits.update(each.limits)
        if isinstance(each.steps, Steps):
            steps.update(each.steps.waiting)
    return [
        Lock(
            name,
            sorted(holders[name]),
            waiting[name],
            steps[name],
            limits.get(name, 1 if "/Mutex/" in name else Missing("its limit is not told")),
        )
        for name in sorted(holders.keys() | waiting.keys())
    ]
