"""Cron workflows: what makes workflows by the clock, and what of it does not."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from sys import intern
from typing import Any

from msgspec import Struct, field

from agents.kube.wire import Watched

__all__ = ["CronState", "CronWorkflow", "cron_state", "summary_of"]

MOST_FAILING = 20
ERRORS = ("SubmissionError", "SpecError")


class CronSpec(Struct, frozen=True):
    suspend: bool = False


class CronCondition(Struct, frozen=True):
    type: str = ""
    status: str = ""
    message: str | None = None


class CronStatus(Struct, frozen=True, rename="camel"):
    active: list[Mapping[str, str]] | None = None
    last_scheduled_time: datetime | None = None
    conditions: list[CronCondition] | None = None
    phase: str | None = None


class CronWorkflow(Watched, frozen=True):
    """Of its workflow nothing is read."""

    spec: CronSpec = field(default_factory=CronSpec)
    status: CronStatus = field(default_factory=CronStatus)


class CronState(Struct, frozen=True, gc=False):
    """What is kept. `stopped`: by its own stop condition; `error`: why it makes no workflows."""

    name: str
    suspended: bool
    stopped: bool
    active: int
    last: datetime | None
    error: str | None


def cron_state(cron: CronWorkflow) -> CronState:
    meta, status = cron.metadata, cron.status
    wrong = [
        each for each in status.conditions or () if each.type in ERRORS and each.status == "True"
    ]
    return CronState(
        name=intern(f"{meta.namespace or ''}/{meta.name}"),
        suspended=cron.spec.suspend,
        stopped=status.phase == "Stopped",
        active=len(status.active or ()),
        last=status.last_scheduled_time,
        error=f"{wrong[0].type}: {wrong[0].message or ''}".rstrip(": ") if wrong else None,
    )


def summary_of(crons: Sequence[CronState]) -> dict[str, Any]:
    """For the details of a record."""
    last = max((each.last for each in crons if each.last), default=None)
    failing = sorted((each.name, each.error) for each in crons if each.error is not None)
    return {
        "count": len(crons),
        "suspended": sum(each.suspended for each in crons),
        "stopped": sum(each.stopped for each in crons),
        "activeWorkflows": sum(each.active for each in crons),
        "lastScheduledAt": None if last is None else last.isoformat(),
        "failing": dict(failing[:MOST_FAILING]),
    }
