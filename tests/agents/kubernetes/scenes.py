"""Clusters in memory in which something is going on, and collectors that look at them."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from agents.collector import Batch
from agents.kube.credentials import Access
from agents.kubernetes import KubernetesCollector, KubernetesConfig
from tests.agents.contract import NOW
from tests.agents.http_faults import FaultyTransport
from tests.agents.kube.fake import NAMES, FakeKube

__all__ = [
    "AUTOSCALERS",
    "CLUSTER_QUEUES",
    "DEPLOYMENTS",
    "EVENTS",
    "JOBS",
    "LEASES",
    "LOCAL_QUEUES",
    "MACHINES",
    "NODES",
    "NODE_CLAIMS",
    "NODE_POOLS",
    "PODS",
    "STATEFULSETS",
    "WORKLOADS",
    "Scene",
    "busy",
    "iso",
]

NODES, PODS = "/api/v1/nodes", "/api/v1/pods"
JOBS = "/apis/batch/v1/jobs"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
EVENTS = "/apis/events.k8s.io/v1/events"
AUTOSCALERS = "/apis/autoscaling/v2/horizontalpodautoscalers"
DEPLOYMENTS, STATEFULSETS = "/apis/apps/v1/deployments", "/apis/apps/v1/statefulsets"
CLUSTER_QUEUES = "/apis/kueue.x-k8s.io/v1beta2/clusterqueues"
LOCAL_QUEUES = "/apis/kueue.x-k8s.io/v1beta2/localqueues"
WORKLOADS = "/apis/kueue.x-k8s.io/v1beta2/workloads"
NODE_POOLS = "/apis/karpenter.sh/v1/nodepools"
NODE_CLAIMS = "/apis/karpenter.sh/v1/nodeclaims"
MACHINES = "/apis/cluster.x-k8s.io/v1beta2/machinedeployments"
USUAL = (EVENTS, AUTOSCALERS, DEPLOYMENTS, STATEFULSETS)
"""What every current server offers."""
MESSAGE = (
    "0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {a: b}. "
    "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
)


@dataclass
class Scene:
    """A cluster, its clock, and what reads it."""

    settings: dict[str, Any] = field(default_factory=dict)
    at: datetime = NOW

    def __post_init__(self) -> None:
        self.server = FakeKube()
        self.server.serve(*USUAL)
        self.wire = FaultyTransport(self.server)
        self.seconds = 0.0
        self.config = KubernetesConfig.model_validate({"instance_id": "prod"} | self.settings)
        reach = Access("http://kube.example", True, None)
        self.collector = KubernetesCollector(
            self.config, reach, self.wire, clock=lambda: self.seconds
        )

    def later(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds

    async def scrape(self) -> Batch:
        """One scrape; the next is an interval later."""
        await self.heard()
        batch = await self.collector.collect(self.at)
        self.later(self.config.interval_s)
        return batch

    async def heard(self) -> None:
        """Let the watches take what there is to take."""
        for _ in range(200):
            await asyncio.sleep(0)

    def node(self, name: str, ready: str = "True", cpu: str = "4", **more: Any) -> None:
        conditions = [
            {"type": "Ready", "status": ready, "lastTransitionTime": iso(self.at)},
            {"type": "MemoryPressure", "status": more.pop("pressure", "False")},
        ]
        amounts = {"cpu": cpu, "memory": "8Gi", "pods": "10"}
        self.server.put(
            NODES,
            {
                "metadata": {
                    "name": name,
                    "labels": more.pop("labels", {}),
                    "annotations": more.pop("annotations", {}),
                },
                "spec": more,
                "status": {
                    "allocatable": amounts,
                    "conditions": conditions,
                    "nodeInfo": {"kubeletVersion": "v1.37.2"},
                },
            },
        )

    def pod(self, name: str, node: str | None = None, phase: str = "Pending", **more: Any) -> None:
        """A pod of half a core; `waits` is the scheduler's message, `owner` its owner's kind."""
        created = more.pop("created", self.at)
        conditions: list[dict[str, Any]] = []
        if node is not None:
            times = {"lastTransitionTime": iso(self.at)}
            conditions.append({"type": "PodScheduled", "status": "True", **times})
        elif "waits" in more:
            said = {"reason": "Unschedulable", "message": more.pop("waits")}
            conditions.append({"type": "PodScheduled", "status": "False", **said})
        owner = more.pop("owner", "ReplicaSet")
        owner_name, labels = more.pop("owner_name", "o"), more.pop("labels", {})
        ready = more.pop("ready", None)
        if ready is not None:
            times = {"lastTransitionTime": iso(ready)}
            conditions.append({"type": "Ready", "status": "True", **times})
        requests = {"cpu": more.pop("cpu", "500m"), "memory": "1Gi"}
        secret = {"name": "PASSWORD", "value": "hunter2"}
        self.server.put(
            PODS,
            {
                "metadata": {
                    "name": name,
                    "namespace": "shop",
                    "uid": str(uuid5(NAMES, name)),
                    "labels": labels,
                    "creationTimestamp": iso(created),
                    "ownerReferences": [
                        {
                            "kind": owner,
                            "name": owner_name,
                            "uid": str(UUID(int=1)),
                            "controller": True,
                        }
                    ],
                },
                "spec": {
                    "nodeName": node,
                    "schedulerName": "default-scheduler",
                    "containers": [{"resources": {"requests": requests}, "env": [secret]}],
                    **more,
                },
                "status": {"phase": phase, "conditions": conditions},
            },
        )

    def job(self, name: str, **status: Any) -> None:
        meta = {"name": name, "namespace": "shop", "creationTimestamp": iso(self.at)}
        self.server.put(JOBS, {"metadata": meta, "spec": {}, "status": status})

    def event(self, name: str, reason: str, about: str, **more: Any) -> None:
        """Of a pod; one of type Warning unless it says otherwise."""
        regarding = {"kind": "Pod", "uid": str(uuid5(NAMES, about))}
        kind = more.pop("type", "Warning")
        meta = {"name": name, "namespace": "shop"}
        body = {"metadata": meta, "type": kind, "reason": reason, "regarding": regarding}
        self.server.put(EVENTS, body | more)

    def custom(self, path: str, name: str, spec: Any, status: Any = None, **meta: Any) -> None:
        """Any other object."""
        body = {"metadata": {"name": name, "creationTimestamp": iso(self.at)} | meta}
        self.server.put(path, body | {"spec": spec, "status": status or {}})

    def lease(self, name: str, holder: str = "host-1_x", age_s: float = 2) -> None:
        renewed = self.at - timedelta(seconds=age_s)
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": 15,
            "acquireTime": iso(self.at - timedelta(hours=1)),
            "renewTime": iso(renewed),
            "leaseTransitions": 3,
        }
        self.server.put(LEASES, {"metadata": {"name": name}, "spec": spec})


def busy(**settings: Any) -> Scene:
    """Three nodes in two pools, pods that run, two that wait, a job at work."""
    scene = Scene(settings)
    scene.node("n1", labels={"karpenter.sh/nodepool": "general"})
    scene.node("n2", labels={"karpenter.sh/nodepool": "general"})
    scene.node("n3", cpu="8", labels={"karpenter.sh/nodepool": "batch"})
    for number in range(4):
        scene.pod(f"web-{number}", "n1", "Running")
    scene.pod("agent", "n2", "Running", owner="DaemonSet")
    early = scene.at - timedelta(seconds=90)
    scene.pod("big-1", waits=MESSAGE, created=early, cpu="64")
    scene.pod("big-2", waits=MESSAGE, created=scene.at, cpu="64", priorityClassName="high")
    scene.pod("gated", schedulingGates=[{"name": "quota"}])
    scene.job("nightly", active=1, startTime=iso(scene.at))
    for name in ("kube-scheduler", "kube-controller-manager"):
        scene.lease(name)
    return scene


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
