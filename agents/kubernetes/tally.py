"""What the watches saw happen since the scrape before."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agents.kubernetes.state import JobState, NodeState, PodState

__all__ = ["Bound", "Tally"]


@dataclass(frozen=True)
class Bound:
    """A pod that was given a node. `latency_ms` is None where it was not seen being created;
    `by_watch` tells whether our own clock measured it, or the server's times, of whole seconds."""

    pod: PodState
    at: datetime
    latency_ms: float | None
    by_watch: bool
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
    since: datetime | None = None
    _seen_s: dict[str, float] = field(default_factory=dict)
    _refused: Counter[str] = field(default_factory=Counter)

    def pod(self, before: PodState | None, after: PodState | None) -> None:
        """A pod came, changed or went."""
        if after is None:
            if before is not None:
                self._seen_s.pop(before.uid, None)
                self._refused.pop(before.uid, None)
            return
        if before is None and after.waits:
            self._seen_s[after.uid] = self.clock_s()
        if after.unschedulable is not None and (before is None or before.unschedulable is None):
            self.unschedulable += 1
            self._refused[after.uid] += 1
        if after.node is not None and (before is None or before.node is None):
            self._bind(after)
        if after.ready is not None and (before is None or before.ready is None):
            self.started += 1
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

    def take(self, now: datetime) -> "Tally":
        """What was counted until now, and nothing for the next."""
        taken = Tally(
            self.clock_s,
            self.bound,
            self.jobs_ended,
            self.started,
            self.pods_ended,
            self.ended_by_node,
            self.lost_nodes,
            self.unschedulable,
            self.since,
        )
        self.bound, self.jobs_ended = [], []
        self.pods_ended, self.ended_by_node = Counter(), Counter()
        self.started = self.lost_nodes = self.unschedulable = 0
        self.since = now
        return taken

    def _bind(self, pod: PodState) -> None:
        seen_s, tries = self._seen_s.pop(pod.uid, None), self._refused.pop(pod.uid, 0)
        at = pod.scheduled or datetime.now(UTC)
        if seen_s is not None:
            latency_ms: float | None = (self.clock_s() - seen_s) * 1000
        elif pod.created is not None and pod.scheduled is not None:
            latency_ms = max(timedelta(0), pod.scheduled - pod.created).total_seconds() * 1000
        else:
            latency_ms = None
        self.bound.append(Bound(pod, at, latency_ms, seen_s is not None, tries + 1))
