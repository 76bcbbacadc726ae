"""What is kept of each object: little, because there may be 150,000 of them."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from sys import intern

from msgspec import Struct
from msgspec.structs import replace

from agents.kubernetes.quantity import quantity
from agents.kubernetes.wire import Condition, Container, Job, Lease, LeaseSpec, Node, Pod

__all__ = [
    "JobState",
    "LeaseState",
    "NodeState",
    "PodState",
    "job_state",
    "lease_state",
    "node_state",
    "pod_state",
    "pod_state_with_workload",
    "waiting_reasons",
]

DEAD_LOOPS = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
    }
)
MACHINES = "cluster.x-k8s.io/deployment-name"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")


class PodState(Struct, frozen=True, gc=False):
    """A pod. `cpu_cores` and `memory_bytes` are what it asks for; `stuck` names a dead loop.

    `workload` is the Deployment or StatefulSet that it is of, where these are pools.
    """

    name: str
    namespace: str
    uid: str
    node: str | None
    phase: str
    priority: int
    priority_class: str
    scheduler: str
    cpu_cores: float
    memory_bytes: float
    created: datetime | None
    scheduled: datetime | None
    ready: datetime | None
    deleted: bool
    gated: bool
    unschedulable: str | None
    restarts: int
    stuck: str | None
    oom_killed: bool
    evicted: bool
    owner: str
    selector: tuple[str, ...]
    workload: str = ""

    @property
    def waits(self) -> bool:
        """Whether it wants a place and has none."""
        return self.node is None and self.phase == "Pending" and not (self.deleted or self.gated)

    @property
    def holds(self) -> bool:
        """Whether it takes up room on its node."""
        return self.node is not None and self.phase not in ("Succeeded", "Failed")


class NodeState(Struct, frozen=True, gc=False):
    """A node. `heard` is False where nobody knows how it is; `draining` before it goes away."""

    name: str
    uid: str
    ready: bool
    heard: bool
    schedulable: bool
    draining: bool
    pressures: tuple[str, ...]
    cpu_cores: float
    memory_bytes: float
    pods: int
    created: datetime | None
    ready_since: datetime | None
    version: str
    zone: str
    labels: Mapping[str, str]


class JobState(Struct, frozen=True, gc=False):
    """A job: `state` is waiting, running, complete or failed."""

    name: str
    namespace: str
    uid: str
    state: str
    reason: str | None
    begun: datetime | None
    ended: datetime | None


class LeaseState(Struct, frozen=True, gc=False):
    """A lease of a component of the control plane."""

    name: str
    spec: LeaseSpec
    uid: str = ""

    def is_fresh(self, at: datetime) -> bool:
        """Whether its holder has renewed it in time."""
        if self.spec.renew_time is None or self.spec.lease_duration_seconds is None:
            return False
        return at - self.spec.renew_time < timedelta(seconds=self.spec.lease_duration_seconds)


def pod_state(pod: Pod) -> PodState:
    meta, spec, status = pod.metadata, pod.spec, pod.status
    scheduled = _condition(status.conditions, "PodScheduled")
    ready = _condition(status.conditions, "Ready")
    waits = scheduled is not None and scheduled.status == "False"
    gated = bool(spec.scheduling_gates) and spec.node_name is None
    containers = status.container_statuses
    owner = next((each for each in meta.owner_references if each.controller), None)
    return PodState(
        name=meta.name,
        namespace=intern(meta.namespace or ""),
        uid=meta.uid,
        node=None if spec.node_name is None else intern(spec.node_name),
        phase=intern(status.phase or "Pending"),
        priority=spec.priority or 0,
        priority_class=intern(spec.priority_class_name or ""),
        scheduler=intern(spec.scheduler_name or ""),
        cpu_cores=_requested(pod, "cpu"),
        memory_bytes=_requested(pod, "memory"),
        created=meta.creation_timestamp,
        scheduled=_since(scheduled),
        ready=_since(ready),
        deleted=meta.deletion_timestamp is not None,
        gated=gated,
        unschedulable=intern(scheduled.message or "")
        if waits and scheduled and not gated
        else None,
        restarts=sum(each.restart_count for each in containers),
        stuck=next(
            (
                each.state.waiting.reason
                for each in containers
                if each.state.waiting and each.state.waiting.reason in DEAD_LOOPS
            ),
            None,
        ),
        oom_killed=any(
            each.last_state.terminated is not None
            and each.last_state.terminated.reason == "OOMKilled"
            for each in containers
        ),
        evicted=status.reason == "Evicted",
        owner=intern(owner.kind if owner else ""),
        selector=tuple(sorted(spec.node_selector)),
    )


def pod_state_with_workload(pod: Pod) -> PodState:
    """For those who want to know the pods of a workload."""
    return replace(pod_state(pod), workload=intern(_workload(pod)))


def _workload(pod: Pod) -> str:
    """A ReplicaSet of a Deployment is named after it and the hash of the template."""
    meta = pod.metadata
    owner = next((each for each in meta.owner_references if each.controller), None)
    if owner is not None and owner.kind == "StatefulSet":
        return f"statefulset/{meta.namespace}/{owner.name}"
    template = meta.labels.get("pod-template-hash")
    if owner is None or owner.kind != "ReplicaSet" or template is None:
        return ""
    return f"deployment/{meta.namespace}/{owner.name.removesuffix(f'-{template}')}"


def node_state(node: Node) -> NodeState:
    meta, status = node.metadata, node.status
    ready = _condition(status.conditions, "Ready")
    taints = {taint.key for taint in node.spec.taints}
    leaving = {"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"} & taints
    amount = {
        name: quantity(status.allocatable.get(name, "0")) for name in ("cpu", "memory", "pods")
    }
    return NodeState(
        name=meta.name,
        uid=meta.uid,
        ready=ready is not None and ready.status == "True",
        heard=ready is not None and ready.status != "Unknown",
        schedulable=not node.spec.unschedulable,
        draining=meta.deletion_timestamp is not None or bool(leaving),
        pressures=tuple(
            each.type
            for each in status.conditions
            if each.type in PRESSURES and each.status == "True"
        ),
        cpu_cores=amount["cpu"],
        memory_bytes=amount["memory"],
        pods=int(amount["pods"]),
        created=meta.creation_timestamp,
        ready_since=_since(ready),
        version=intern(status.node_info.kubelet_version),
        zone=intern(meta.labels.get("topology.kubernetes.io/zone", "")),
        labels=_labels(node),
    )


def _labels(node: Node) -> Mapping[str, str]:
    """With the MachineDeployment of Cluster API, which annotations tell by its MachineSet."""
    meta = node.metadata
    owner = meta.annotations.get("cluster.x-k8s.io/owner-name")
    if owner is None or meta.annotations.get("cluster.x-k8s.io/owner-kind") != "MachineSet":
        return meta.labels
    return {MACHINES: owner.rpartition("-")[0], **meta.labels}


def job_state(job: Job) -> JobState:
    meta, status = job.metadata, job.status
    done = _condition(status.conditions, "Complete")
    failed = _condition(status.conditions, "Failed")
    state, reason, ended = ("running" if status.active else "waiting"), None, None
    if done is not None and done.status == "True":
        state, ended = "complete", status.completion_time or done.last_transition_time
    elif failed is not None and failed.status == "True":
        state, reason, ended = "failed", failed.reason, failed.last_transition_time
    elif job.spec.suspend:
        state = "waiting"
    return JobState(
        meta.name, meta.namespace or "", meta.uid, state, reason, status.start_time, ended
    )


def lease_state(lease: Lease) -> LeaseState:
    return LeaseState(lease.metadata.name, lease.spec, lease.metadata.uid)


@lru_cache(maxsize=1024)
def waiting_reasons(message: str) -> Mapping[str, int]:
    """Why how many nodes were not good enough, of the scheduler's message.

    `0/5 nodes are available: 3 Insufficient cpu, 2 node(s) had untolerated taint {k: v}.` It is
    text for people, so what is not understood is left out.
    """
    _, _, reasons = message.partition(": ")
    reasons = reasons.split(". preemption:")[0]
    found: dict[str, int] = {}
    for part in reasons.rstrip(".").split(", "):
        counted = re.fullmatch(r"(\d+) (?:node\(s\) )?(.+)", part.strip())
        if counted:
            name = re.sub(r"\{.*?\}", "", counted[2]).strip()
            found[name] = found.get(name, 0) + int(counted[1])
    return found


def _requested(pod: Pod, resource: str) -> float:
    """As the scheduler counts: all containers with sidecars, or the largest step before them."""
    spec = pod.spec
    together = sum([_of(each, resource) for each in spec.containers])
    if not spec.init_containers and not spec.overhead:  # most pods, and there are many
        return together
    sidecars = [each for each in spec.init_containers if each.restart_policy == "Always"]
    steps = [each for each in spec.init_containers if each.restart_policy != "Always"]
    together += sum(_of(each, resource) for each in sidecars)
    largest = max((_of(each, resource) for each in steps), default=0.0)
    return max(together, largest) + quantity(spec.overhead.get(resource, "0"))


def _of(container: Container, resource: str) -> float:
    return quantity(container.resources.requests.get(resource, "0"))


def _condition(conditions: list[Condition], kind: str) -> Condition | None:
    for each in conditions:
        if each.type == kind:
            return each
    return None


def _since(condition: Condition | None) -> datetime | None:
    held = condition is not None and condition.status == "True"
    return condition.last_transition_time if condition is not None and held else None
