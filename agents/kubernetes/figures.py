"""Values that several parts of the records share, each computed in one place from a snapshot."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from statistics import fmean

from agents.kubernetes.config import KubernetesConfig
from agents.kubernetes.snapshot import Snapshot
from agents.kubernetes.state import JobState, NodeState, PodState, waiting_reasons
from agents.kubernetes.tally import Bound, Tally
from agents.missing import Missing, combine, over, share
from agents.waits import Waits

__all__ = ["Figures", "Load"]

NOTHING_BOUND = "no pod was given a node in the interval"
POOL_LABELS = (
    "karpenter.sh/nodepool",
    "eks.amazonaws.com/nodegroup",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "kops.k8s.io/instancegroup",
    "cluster.x-k8s.io/deployment-name",
    "node.kubernetes.io/instance-type",
)
"""The first of these that a node has names its pool."""

AFFINITY_WORDS = ("affinity", "selector", "topology", "taint")
LOOPING = frozenset({"BackoffLimitExceeded", "DeadlineExceeded", "PodFailurePolicy"})


@dataclass(frozen=True)
class Load:
    """What pods ask of a node, and what it has."""

    pods: int
    cpu_cores: float
    memory_bytes: float
    working: int

    def share_of(self, node: NodeState) -> float:
        """Of CPU, the resource that is shared out most."""
        return self.cpu_cores / node.cpu_cores if node.cpu_cores else 0.0


@dataclass(frozen=True)
class Figures:
    """A snapshot and what follows from it."""

    snapshot: Snapshot
    config: KubernetesConfig

    @cached_property
    def waiting(self) -> Sequence[PodState] | Missing:
        """Pods that want a node and have none."""
        return over(lambda pods: [pod for pod in pods if pod.waits], self.snapshot.pods)

    @cached_property
    def placed(self) -> Sequence[PodState] | Missing:
        """Pods that take up room on a node."""
        return over(lambda pods: [pod for pod in pods if pod.holds], self.snapshot.pods)

    @cached_property
    def backlog(self) -> int | Missing:
        return over(len, self.waiting)

    @cached_property
    def usable(self) -> Sequence[NodeState] | Missing:
        """Nodes that are ready and take new pods."""
        return over(
            lambda nodes: [each for each in nodes if each.ready and each.schedulable],
            self.snapshot.nodes,
        )

    @cached_property
    def total_slots(self) -> int | Missing:
        return over(lambda nodes: sum(node.pods for node in nodes), self.usable)

    @cached_property
    def used_slots(self) -> int | Missing:
        return over(len, self.placed)

    @cached_property
    def shares(self) -> Mapping[str, float] | Missing:
        """Of what the usable nodes have, how much is asked for: pods, CPU, memory."""

        def told(
            pods: Sequence[PodState], nodes: Sequence[NodeState]
        ) -> Mapping[str, float] | Missing:
            have = {
                "pods": sum(node.pods for node in nodes),
                "cpu": sum(node.cpu_cores for node in nodes),
                "memory": sum(node.memory_bytes for node in nodes),
            }
            if not all(have.values()):
                return Missing("no node is ready and takes pods")
            return {
                "pods": len(pods) / have["pods"],
                "cpu": sum(pod.cpu_cores for pod in pods) / have["cpu"],
                "memory": sum(pod.memory_bytes for pod in pods) / have["memory"],
            }

        return combine(told, self.placed, self.usable)

    @cached_property
    def utilization(self) -> float | Missing:
        """Of the resource that is shortest."""
        return over(lambda shares: max(shares.values()), self.shares)

    @cached_property
    def loads(self) -> Mapping[str, Load] | Missing:
        """What lies on each node."""

        def by_node(pods: Sequence[PodState]) -> Mapping[str, Load]:
            on: dict[str, list[PodState]] = defaultdict(list)
            for pod in pods:
                on[pod.node or ""].append(pod)
            return {
                name: Load(
                    len(found),
                    sum(pod.cpu_cores for pod in found),
                    sum(pod.memory_bytes for pod in found),
                    sum(pod.owner not in ("DaemonSet", "Node") for pod in found),
                )
                for name, found in on.items()
            }

        return over(by_node, self.placed)

    def pool_of(self, node: NodeState) -> str:
        """By the configured label, else by those of the providers."""
        labels = (self.config.pool_label,) if self.config.pool_label else ()
        return next(
            (node.labels[each] for each in (*labels, *POOL_LABELS) if each in node.labels), "nodes"
        )

    @cached_property
    def pools(self) -> Mapping[str, Sequence[NodeState]] | Missing:
        def grouped(nodes: Sequence[NodeState]) -> Mapping[str, Sequence[NodeState]]:
            found: dict[str, list[NodeState]] = defaultdict(list)
            for node in sorted(nodes, key=lambda each: each.name):
                found[self.pool_of(node)].append(node)
            return dict(sorted(found.items()))

        return over(grouped, self.snapshot.nodes)

    @cached_property
    def bound(self) -> Sequence[Bound] | Missing:
        return over(lambda tally: tally.bound, self.snapshot.happened)

    @cached_property
    def waits(self) -> Waits | Missing:
        """From created until bound, of the pods bound in the interval."""
        return over(
            lambda found: Waits(
                [each.latency_ms for each in found if each.latency_ms is not None], NOTHING_BOUND
            ),
            self.bound,
        )

    @cached_property
    def waits_by_cause(self) -> Mapping[str, Waits] | Missing:
        """Quota and checks are Kueue's, a gate anybody's; start-up is from placed until ready."""

        def split(tally: Tally) -> Mapping[str, Waits]:
            admitted = tally.admitted
            return {
                "quota": Waits([each.quota_ms for each in admitted], "nothing was admitted"),
                "checks": Waits([each.checks_ms for each in admitted], "nothing was admitted"),
                "gate": Waits(tally.gates_ms, "no gate was opened"),
                "startUp": Waits(tally.start_ups_ms, "no pod became ready"),
            }

        causes = over(split, self.snapshot.happened)
        return combine(lambda found, placed: {**found, "placement": placed}, causes, self.waits)

    @cached_property
    def warning_events(self) -> Mapping[str, int] | Missing:
        """Events of type Warning in the interval, by reason and kind of what they are about."""
        return combine(
            lambda tally, _: {
                f"{reason} of {kind}": count for (reason, kind), count in tally.warnings.items()
            },
            self.snapshot.happened,
            self.snapshot.extras.warnings,
        )

    @cached_property
    def bind_rate(self) -> float | Missing:
        return combine(
            lambda found, seconds: len(found) / seconds, self.bound, self.snapshot.seconds
        )

    @cached_property
    def reasons(self) -> Mapping[str, int] | Missing:
        """Waiting pods by each reason for which a node was not good enough."""

        def counted(pods: Sequence[PodState]) -> Mapping[str, int]:
            found: Counter[str] = Counter()
            for pod in pods:
                found.update(waiting_reasons(pod.unschedulable or "").keys())
            return dict(found.most_common())

        return over(counted, self.waiting)

    @cached_property
    def short_of(self) -> int | Missing:
        """Waiting pods for which some node lacked a resource."""
        return over(
            lambda pods: sum("Insufficient" in (p.unschedulable or "") for p in pods), self.waiting
        )

    @cached_property
    def misplaced(self) -> int | Missing:
        """Waiting pods that some node did not suit, by affinity, selector, topology or taint."""
        return over(
            lambda pods: sum(
                any(word in (pod.unschedulable or "") for word in AFFINITY_WORDS) for pod in pods
            ),
            self.waiting,
        )

    @cached_property
    def oldest(self) -> datetime | Missing:
        return over(oldest_of, self.waiting)

    @cached_property
    def longest_wait_ms(self) -> float | Missing:
        """Age of the pod that waits longest; 0 when none waits."""
        if not isinstance(self.waiting, Missing) and not self.waiting:
            return 0.0
        return over(
            lambda since: max(0.0, (self.snapshot.at - since).total_seconds() * 1000), self.oldest
        )

    def jobs_in(self, state: str) -> int | Missing:
        """Jobs that wait or run now."""
        return over(lambda jobs: sum(job.state == state for job in jobs), self.snapshot.jobs)

    def jobs_ended(self, state: str) -> int | Missing:
        """Jobs that ended so in the interval."""
        return over(
            lambda tally: sum(job.state == state for job in tally.jobs_ended),
            self.snapshot.happened,
        )

    @cached_property
    def given_up(self) -> int | Missing:
        """Jobs that were given up and are still there."""
        return over(
            lambda jobs: sum(job.state == "failed" and job.reason in LOOPING for job in jobs),
            self.snapshot.jobs,
        )

    @cached_property
    def looping(self) -> int | Missing:
        """Pods of which a container cannot be started again and again."""
        return over(lambda pods: sum(pod.stuck is not None for pod in pods), self.snapshot.pods)

    @cached_property
    def job_ms(self) -> float | Missing:
        """Mean duration of the jobs that ended."""

        def mean(jobs: Sequence[JobState]) -> float | Missing:
            lasted = [
                (job.ended - job.begun).total_seconds() * 1000
                for job in jobs
                if job.begun and job.ended
            ]
            return fmean(lasted) if lasted else Missing("no job ended in the interval")

        return over(lambda tally: mean(tally.jobs_ended), self.snapshot.happened)

    @cached_property
    def failure_rate(self) -> float | Missing:
        """Pods that failed of those that ended."""

        def rate(ended: Mapping[tuple[str, str], int]) -> float | Missing:
            failed = sum(count for (phase, _), count in ended.items() if phase == "Failed")
            return share(failed, sum(ended.values()), "no pod ended in the interval")

        return over(lambda tally: rate(tally.pods_ended), self.snapshot.happened)


def oldest_of(pods: Sequence[PodState]) -> datetime | Missing:
    """Since when the one waits that waits longest."""
    times = [pod.created for pod in pods if pod.created]
    return min(times) if times else Missing("no pod waits")
