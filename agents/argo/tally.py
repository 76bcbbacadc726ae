"""What the watch of workflows saw happen since the scrape before."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agents.argo.state import Steps, WorkflowState

__all__ = ["NAMESPACE_LIMIT", "Begun", "WorkflowTally"]

NAMESPACE_LIMIT = "namespace-limit"
"""A cause of waiting that a workflow's own status does not tell from `limit`."""


@dataclass(frozen=True)
class Begun:
    """A workflow that began. `wait_ms` since it was created; `by_watch` tells whose clock that is.

    `cause`: what it was last seen waiting for.
    """

    workflow: WorkflowState
    wait_ms: float | None
    by_watch: bool
    cause: str


@dataclass
class WorkflowTally:
    """Told by the informer of every change; `take` gives what was counted and begins anew.

    `vanished` went without having been seen to end: deleted before, or while nobody listened.
    """

    clock_s: Callable[[], float]
    came: int = 0
    begun: list[Begun] = field(default_factory=list)
    ended: list[WorkflowState] = field(default_factory=list)
    steps_succeeded: int = 0
    steps_failed: int = 0
    steps_retried: int = 0
    vanished: int = 0
    contentions: int = 0
    lock_waits_ms: list[float] = field(default_factory=list)
    since: datetime | None = None
    _seen_s: dict[str, float] = field(default_factory=dict)
    _causes: dict[str, str] = field(default_factory=dict)
    _locked_s: dict[str, dict[str, float]] = field(default_factory=dict)
    _within: Counter[str] = field(default_factory=Counter)
    _limits: Mapping[str, int] = field(default_factory=dict)
    _full_s: dict[str, float] = field(default_factory=dict)

    def change(self, before: WorkflowState | None, after: WorkflowState | None) -> None:
        """A workflow came, changed or went. Another one of the same name is another one."""
        if before is not None and (after is None or before.uid != after.uid):
            self.vanished += not before.over
            self._forget(before.uid)
            self._fill(before.namespace, -before.let_in)
            before = None
        if after is None:
            return
        uid = after.uid
        self._count_locks(after)
        self.came += before is None
        if after.pending:
            self._seen_s.setdefault(uid, self.clock_s() if before is None else -1.0)
            if after.cause != "controller" and not (
                after.cause == "limit" and self._causes.get(uid) == NAMESPACE_LIMIT
            ):
                self._causes[uid] = after.cause
        if after.begun is not None and (before is None or before.begun is None):
            self._begin(before, after)
        if after.over and (before is None or not before.over):
            self.ended.append(after)
        self._fill(after.namespace, after.let_in - (before is not None and before.let_in))
        self._count_steps(before, after)

    def know(self, within: Mapping[str, int], limits: Mapping[str, int]) -> None:
        """How many count in each namespace now, and how many may."""
        self._within, self._limits = Counter(within), limits

    def narrow(self, uids: Iterable[str]) -> None:
        """These are seen to wait for the limit of their namespace."""
        self._causes.update(dict.fromkeys(uids, NAMESPACE_LIMIT))

    def take(self, now: datetime) -> "WorkflowTally":
        """What was counted until now, and nothing for the next."""
        taken = WorkflowTally(
            self.clock_s,
            self.came,
            self.begun,
            self.ended,
            self.steps_succeeded,
            self.steps_failed,
            self.steps_retried,
            self.vanished,
            self.contentions,
            self.lock_waits_ms,
            self.since,
        )
        self.came = self.contentions = self.vanished = 0
        self.steps_succeeded = self.steps_failed = self.steps_retried = 0
        self.begun, self.ended, self.lock_waits_ms = [], [], []
        self.since = now
        return taken

    def _begin(self, before: WorkflowState | None, workflow: WorkflowState) -> None:
        seen_s = self._seen_s.pop(workflow.uid, -1.0)
        listed = before.cause if before is not None and before.pending else "controller"
        cause = self._causes.pop(workflow.uid, listed)
        if cause == "limit" and 0 <= seen_s <= self._full_s.get(workflow.namespace, -1.0):
            cause = NAMESPACE_LIMIT
        if seen_s >= 0:
            wait_ms: float | None = (self.clock_s() - seen_s) * 1000
        elif workflow.created is not None and workflow.begun is not None:
            waited = max(timedelta(0), workflow.begun - workflow.created)
            wait_ms = waited.total_seconds() * 1000
        else:
            wait_ms = None
        self.begun.append(Begun(workflow, wait_ms, seen_s >= 0, cause))

    def _fill(self, namespace: str, more: int) -> None:
        """Remember when a namespace was full last: before or after one came or went."""
        limit = self._limits.get(namespace)
        before = self._within[namespace]
        self._within[namespace] += more
        if limit is not None and more and max(before, before + more) >= limit:
            self._full_s[namespace] = self.clock_s()

    def _count_steps(self, before: WorkflowState | None, after: WorkflowState) -> None:
        new, old = after.steps, Steps() if before is None else before.steps
        if isinstance(new, str) or isinstance(old, str):
            return
        self.steps_succeeded += max(0, new.succeeded - old.succeeded)
        self.steps_failed += max(0, new.failed - old.failed)
        self.steps_retried += max(0, new.retried - old.retried)

    def _count_locks(self, after: WorkflowState) -> None:
        waits = set() if after.over else set(after.waits_for)
        known = self._locked_s.pop(after.uid, {})
        if waits:
            self._locked_s[after.uid] = {lock: known.get(lock, self.clock_s()) for lock in waits}
        self.contentions += len(waits - known.keys())
        got = known.keys() & set(after.holds)
        self.lock_waits_ms += [(self.clock_s() - known[lock]) * 1000 for lock in got]

    def _forget(self, uid: str) -> None:
        self._seen_s.pop(uid, None)
        self._causes.pop(uid, None)
        self._locked_s.pop(uid, None)
