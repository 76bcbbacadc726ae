"""Values that several parts of the records share, each computed in one place from a snapshot."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from statistics import fmean

from agents.argo.config import ArgoConfig
from agents.argo.limits import reads_labels
from agents.argo.locks import Lock, locks_of
from agents.argo.metrics import version_of
from agents.argo.snapshot import Snapshot
from agents.argo.state import StepPod, WorkflowState
from agents.argo.tally import NAMESPACE_LIMIT, Begun, WorkflowTally
from agents.kubernetes.tally import Bound
from agents.missing import Estimated, Missing, combine, estimated, known_or, over, share
from agents.waits import Waits

__all__ = ["Figures"]

NOTHING_BEGAN = "no workflow began in the interval"
NOTHING_PLACED = "no pod of a workflow was given a node in the interval"
UNLIMITED_HERE = Missing("no number of workflows is set for the namespace")
NO_LIMITS: Mapping[str, int | None] = {}
UNLIMITED = Missing("the controller's settings limit no number of workflows (parallelism)")


@dataclass(frozen=True)
class Figures:
    """A snapshot and what follows from it."""

    snapshot: Snapshot
    config: ArgoConfig

    def _which(self, wanted: Callable[[WorkflowState], bool]) -> Sequence[WorkflowState] | Missing:
        return over(lambda found: [each for each in found if wanted(each)], self.snapshot.workflows)

    @cached_property
    def pending(self) -> Sequence[WorkflowState] | Missing:
        """Workflows that want to begin. One that was told to wait does not want to."""
        return self._which(lambda each: each.pending and not each.held_back)

    @cached_property
    def taken(self) -> Sequence[WorkflowState] | Missing:
        """Workflows that have begun and are not over, even suspended."""
        return self._which(lambda each: not each.pending and not each.over)

    @cached_property
    def let_in(self) -> Sequence[WorkflowState] | Missing:
        """Workflows that count against the limits."""
        return self._which(lambda each: each.let_in)

    @cached_property
    def suspended(self) -> Sequence[WorkflowState] | Missing:
        return self._which(lambda each: each.suspended)

    @cached_property
    def running(self) -> int | Estimated[int] | Missing:
        """Workflows that do something or would if they could; a guess where steps are hidden."""
        count = over(lambda found: sum(not each.suspended for each in found), self.taken)
        return estimated(count) if known_or(self.unread_steps, None) else count

    @cached_property
    def backlog(self) -> int | Missing:
        return over(len, self.pending)

    @cached_property
    def causes(self) -> Mapping[str, int] | Missing:
        """Pending workflows by what they wait for."""
        return over(
            lambda found: dict(sorted(Counter(map(self.cause_of, found)).items())), self.pending
        )

    def cause_of(self, workflow: WorkflowState) -> str:
        """What a pending workflow waits for. Argo tells of both limits by the same words: it is
        the namespace's where the namespace is full, for then room elsewhere does not help.
        """
        if workflow.cause == "limit" and self._is_full(workflow.namespace):
            return NAMESPACE_LIMIT
        return workflow.cause

    @cached_property
    def version(self) -> str | Missing:
        """Argo's, as the controller tells it, else as its server does."""
        told = version_of(self.snapshot.metrics)
        return self.snapshot.facts.argo if isinstance(told, Missing) else told

    @cached_property
    def own_limits(self) -> Mapping[str, int | None] | Missing:
        """Limits that namespaces have of their own, 0 for none, null where it cannot be read."""
        if not reads_labels(known_or(self.version, "")):
            return {}
        return over(lambda found: {each.name: each.limit for each in found}, self.snapshot.limited)

    def limit_within(self, namespace: str) -> int | Missing:
        """Workflows that may run at once in a namespace."""
        own = over(lambda limits: limits.get(namespace, -1), self.own_limits)
        limit = self.snapshot.facts.namespace_parallelism if own == -1 else own
        if limit is None:
            return Missing("the label of its limit is no number")
        return over(lambda most: most or UNLIMITED_HERE, limit)

    @cached_property
    def taken_within(self) -> Mapping[str, int] | Missing:
        """Workflows that count against the limit of their namespace."""
        return over(lambda found: Counter(each.namespace for each in found), self.let_in)

    def _is_full(self, namespace: str) -> bool:
        limit, taken = self.limit_within(namespace), self.taken_within
        return not (isinstance(limit, Missing) or isinstance(taken, Missing)) and (
            taken.get(namespace, 0) >= limit
        )

    @cached_property
    def limits_within(self) -> Mapping[str, int]:
        """Of the namespaces that have one, of their own or of the controller's."""
        named = {each.namespace for each in known_or(self.snapshot.workflows, ())}
        named |= known_or(self.own_limits, NO_LIMITS).keys()
        limits = {name: self.limit_within(name) for name in sorted(named)}
        return {name: most for name, most in limits.items() if not isinstance(most, Missing)}

    @cached_property
    def total_slots(self) -> int | Missing:
        """Workflows that may run at once."""
        facts = self.snapshot.facts
        limit = over(lambda most: most or UNLIMITED, facts.parallelism)
        if self.config.namespace is None:
            return limit
        own = self.limit_within(self.config.namespace)
        if own is UNLIMITED_HERE:
            return limit
        return own if limit is UNLIMITED else combine(min, limit, own)

    @cached_property
    def used_slots(self) -> int | Missing:
        return over(len, self.let_in)

    @cached_property
    def begun(self) -> Sequence[Begun] | Missing:
        """Where only namespaces have limits, it was that of one."""

        def told(tally: WorkflowTally) -> Sequence[Begun]:
            if self.snapshot.facts.parallelism != 0:
                return tally.begun
            return [
                replace(each, cause=NAMESPACE_LIMIT) if each.cause == "limit" else each
                for each in tally.begun
            ]

        return over(told, self.snapshot.happened)

    @cached_property
    def waits(self) -> Waits | Missing:
        """From created until begun, of the workflows that began in the interval."""
        return over(lambda found: waits_of(found, NOTHING_BEGAN), self.begun)

    @cached_property
    def begin_rate(self) -> float | Missing:
        return combine(
            lambda found, seconds: len(found) / seconds, self.begun, self.snapshot.seconds
        )

    def ended(self, *phases: str) -> int | Missing:
        """Workflows that ended so in the interval."""
        return over(
            lambda tally: sum(each.phase in phases for each in tally.ended), self.snapshot.happened
        )

    def counted(self, *phases: str) -> int | Estimated[int] | Missing:
        """The same for a record: at the least where some went while nobody listened."""
        count = self.ended(*phases)
        lost = over(lambda tally: tally.vanished, self.snapshot.happened)
        return estimated(count) if self.snapshot.relisted and known_or(lost, 0) else count

    @cached_property
    def failure_rate(self) -> float | Missing:
        """Workflows that failed of those that ended."""
        return combine(
            lambda bad, good: share(bad, bad + good, "no workflow ended in the interval"),
            self.ended("Failed", "Error"),
            self.ended("Succeeded"),
        )

    @cached_property
    def duration_ms(self) -> float | Missing:
        """Mean from begun to ended, of the workflows that ended."""

        def mean(found: Sequence[WorkflowState]) -> float | Missing:
            lasted = [
                (each.ended - each.begun).total_seconds() * 1000
                for each in found
                if each.begun and each.ended
            ]
            return fmean(lasted) if lasted else Missing("no workflow ended in the interval")

        return over(lambda tally: mean(tally.ended), self.snapshot.happened)

    @cached_property
    def longest_wait_ms(self) -> float | Missing:
        """Age of the workflow that waits longest; 0 when none waits."""
        return over(
            lambda found: max(
                [
                    max(timedelta(0), self.snapshot.at - each.created).total_seconds() * 1000
                    for each in found
                    if each.created
                ],
                default=0.0,
            ),
            self.pending,
        )

    @cached_property
    def unplaced(self) -> Sequence[StepPod] | Missing:
        """Pods of workflows that want a node and have none."""
        return over(lambda found: [each for each in found if each.waits], self.snapshot.pods)

    @cached_property
    def working(self) -> Sequence[StepPod] | Missing:
        """Pods of workflows that have a node and have not ended."""
        return over(lambda found: [each for each in found if each.holds], self.snapshot.pods)

    @cached_property
    def stuck(self) -> int | Missing:
        """Pods that no node suits."""
        return over(
            lambda found: sum(each.unschedulable is not None for each in found), self.unplaced
        )

    @cached_property
    def placed(self) -> Sequence[Bound] | Missing:
        return over(lambda tally: tally.bound, self.snapshot.pods_happened)

    @cached_property
    def pod_waits(self) -> Waits | Missing:
        """From created until a node was given, of the pods placed in the interval."""
        return over(
            lambda found: Waits(
                [each.latency_ms for each in found if each.latency_ms is not None], NOTHING_PLACED
            ),
            self.placed,
        )

    @cached_property
    def namespaces(self) -> Mapping[str, Sequence[StepPod]] | Missing:
        """Pods at work, by namespace."""

        def grouped(pods: Sequence[StepPod]) -> Mapping[str, Sequence[StepPod]]:
            found: dict[str, list[StepPod]] = defaultdict(list)
            for pod in sorted(pods, key=lambda each: each.name):
                found[pod.namespace].append(pod)
            return dict(sorted(found.items()))

        return over(grouped, self.working)

    @cached_property
    def locks(self) -> Sequence[Lock] | Missing:
        """Every lock that somebody holds or waits for."""
        return over(locks_of, self.snapshot.workflows)

    @cached_property
    def retried(self) -> int | Missing:
        """Steps that were tried again in the interval."""

        def counted(tally: WorkflowTally, unread: Mapping[str, int]) -> int | Missing:
            return Missing(next(iter(unread))) if unread else tally.steps_retried

        return combine(counted, self.snapshot.happened, self.unread_steps)

    @cached_property
    def unread_steps(self) -> Counter[str] | Missing:
        """Workflows that are not over and whose steps cannot be read, by why."""
        return over(
            lambda found: Counter(each.steps for each in found if isinstance(each.steps, str)),
            self.taken,
        )


def waits_of(found: Sequence[Begun], when_none: str) -> Waits:
    """Their waits, as far as they are known."""
    return Waits([each.wait_ms for each in found if each.wait_ms is not None], when_none)


def oldest_of(found: Sequence[WorkflowState] | Sequence[StepPod]) -> datetime | Missing:
    """Since when the one waits that waits longest."""
    times = [each.created for each in found if each.created]
    return min(times) if times else Missing("none waits")
