"""What the watches saw happen since the scrape before."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from agents.kubernetes.happenings import Happenings
from agents.kubernetes.kueue import Admitted, QuotaState, admitted
from agents.kubernetes.scalers import Rescaled, ScalerState, rescaled
from agents.kubernetes.state import JobState, NodeState, PodState

__all__ = ["Bound", "Tally"]


@dataclass(frozen=True)
class Bound:
    """A pod that was given a node.

    `precision`: our own clock saw it wait (`watch`), the scheduler's event tells the end (`event`),
    or both ends are whole seconds (`1 s`). `latency_ms` is None where its creation is not told.
    """

    pod: PodState
    at: datetime
    latency_ms: float | None
    precision: str
    tries: int


@dataclass
class Tally:
    """Told by the informers of every change; `take` gives what was counted and begins anew."""

    clock_s: Callable[[], float]
    bound: list[Bound] = field(default_factory=list)
    jobs_ended: list[JobState] = field(default_factory=list)
    started: int = 0
    pods_ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended_by_node: Counter[tuple[str, str]] = field(default_factory=Counter)
    lost_nodes: int = 0
    unschedulable: int = 0
    start_ups_ms: list[float] = field(default_factory=list)
    gates_ms: list[float] = field(default_factory=list)
    admitted: list[Admitted] = field(default_factory=list)
    rescaled: list[Rescaled] = field(default_factory=list)
    warnings: Counter[tuple[str, str]] = field(default_factory=Counter)
    since: datetime | None = None
    happenings: Happenings = field(default_factory=Happenings)
    _seen_s: dict[str, float] = field(default_factory=dict)
    _gated_s: dict[str, float] = field(default_factory=dict)
    _refused: Counter[str] = field(default_factory=Counter)

    def pod(self, before: PodState | None, after: PodState | None) -> None:
        """A pod came, changed or went."""
        if after is None:
            if before is not None:
                self._seen_s.pop(before.uid, None)
                self._gated_s.pop(before.uid, None)
                self._refused.pop(before.uid, None)
            return
        self._await(before, after)
        if after.unschedulable is not None and (before is None or before.unschedulable is None):
            self.unschedulable += 1
            self._refused[after.uid] += 1
        if after.node is not None and (before is None or before.node is None):
            self._bind(after)
        if after.ready is not None and (before is None or before.ready is None):
            self.started += 1
            if after.scheduled is not None and not after.restarts:
                self.start_ups_ms.append((after.ready - after.scheduled).total_seconds() * 1000)
        ended = after.phase in ("Succeeded", "Failed")
        if ended and (before is None or before.phase != after.phase):
            self.pods_ended[after.phase, after.owner] += 1
            if after.node is not None:
                self.ended_by_node[after.node, after.phase] += 1

    def job(self, before: JobState | None, after: JobState | None) -> None:
        """A job came, changed or went."""
        if after is None or after.state not in ("complete", "failed"):
            return
        if before is None or before.state != after.state:
            self.jobs_ended.append(after)

    def node(self, before: NodeState | None, after: NodeState | None) -> None:
        """A node came, changed or went. One that is not ready any more is lost."""
        if before is not None and before.ready and (after is None or not after.ready):
            self.lost_nodes += 1

    def scaler(self, before: ScalerState | None, after: ScalerState | None) -> None:
        """An autoscaler came, changed or went."""
        decision = rescaled(before, after)
        if decision is not None:
            self.rescaled.append(decision)

    def workload(self, before: QuotaState | None, after: QuotaState | None) -> None:
        """A workload of Kueue came, changed or went."""
        found = admitted(before, after)
        if found is not None:
            self.admitted.append(found)

    def take(self, now: datetime) -> "Tally":
        """What was counted until now, and nothing for the next."""
        taken = replace(
            self,
            bound=[self._sharpened(each) for each in self.bound],
            warnings=self.happenings.take_warnings(),
        )
        self.bound, self.jobs_ended, self.admitted, self.rescaled = [], [], [], []
        self.start_ups_ms, self.gates_ms = [], []
        self.pods_ended, self.ended_by_node = Counter(), Counter()
        self.started = self.lost_nodes = self.unschedulable = 0
        self.since = now
        return taken

    def _await(self, before: PodState | None, after: PodState) -> None:
        """From when on a pod was seen to want a node, or to be kept from wanting one."""
        if after.gated:
            if before is None:
                self._gated_s[after.uid] = self.clock_s()
        elif after.waits and (before is None or before.gated):
            self._seen_s[after.uid] = self.clock_s()
            gated_s = self._gated_s.pop(after.uid, None)
            if gated_s is not None:
                self.gates_ms.append((self.clock_s() - gated_s) * 1000)

    def _bind(self, pod: PodState) -> None:
        seen_s, tries = self._seen_s.pop(pod.uid, None), self._refused.pop(pod.uid, 0)
        at = pod.scheduled or datetime.now(UTC)
        if seen_s is not None:
            latency_ms: float | None = (self.clock_s() - seen_s) * 1000
        else:
            latency_ms = _between_ms(pod.created, pod.scheduled)
        precision = "1 s" if seen_s is None else "watch"
        self.bound.append(Bound(pod, at, latency_ms, precision, tries + 1))

    def _sharpened(self, bound: Bound) -> Bound:
        """With the microseconds of the scheduler's own event, if that has come."""
        at = self.happenings.placed_at(bound.pod.uid)
        if at is None:
            return bound
        if bound.precision == "watch":
            return replace(bound, at=at)
        latency_ms = _between_ms(bound.pod.created, at)
        return replace(bound, at=at, latency_ms=latency_ms, precision="event")


def _between_ms(begin: datetime | None, end: datetime | None) -> float | None:
    if begin is None or end is None:
        return None
    return max(timedelta(0), end - begin).total_seconds() * 1000
