"""Workflows in memory, their pods and locks, and collectors that look at them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

import httpx

from agents.argo import ArgoCollector, ArgoConfig
from agents.collector import Batch
from agents.kube.credentials import Access
from contracts.orchestrator import OrchestratorMetrics, QueueInfo
from tests.agents.contract import NOW
from tests.agents.http_faults import FaultyTransport
from tests.agents.kube.fake import NAMES, FakeKube

__all__ = [
    "BESIDE",
    "CRONS",
    "EXPOSED",
    "LEASES",
    "METRICS",
    "NAMESPACES",
    "PODS",
    "POSTPONED",
    "SERVER",
    "SETTINGS",
    "WORKFLOWS",
    "Scene",
    "busy",
    "details",
    "failing",
    "iso",
    "queues",
    "relisted",
    "scraped",
    "wait_until",
    "waiting",
]

WORKFLOWS = "/apis/argoproj.io/v1alpha1/workflows"
CRONS = "/apis/argoproj.io/v1alpha1/cronworkflows"
NAMESPACES = "/api/v1/namespaces"
PODS = "/api/v1/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/argo/leases"
SETTINGS = "/api/v1/namespaces/argo/configmaps/workflow-controller-configmap"
METRICS, SERVER = "http://controller.example/metrics", "http://server.example"
BESIDE = {"controller_metrics_url": METRICS, "server_url": SERVER}
POSTPONED = "Workflow processing has been postponed because too many workflows are already running"
EXPOSED = """# HELP argo_workflows_gauge A gauge
argo_workflows_gauge{{phase="Running"}} 2
argo_workflows_gauge{{phase="Pending"}} 3
argo_workflows_is_leader 1
process_start_time_seconds 1.7723628e+09
argo_workflows_error_count_total{{cause="OperationPanic"}} {panics}
argo_workflows_operation_duration_seconds_sum {looked_s}
argo_workflows_operation_duration_seconds_count {looked}
argo_workflows_queue_depth_gauge{{queue_name="workflow_queue"}} 4
argo_workflows_workers_busy_count{{worker_type="workflow_queue"}} 3
argo_workflows_queue_adds_count_total{{queue_name="workflow_queue"}} {looked}
argo_workflows_queue_duration_sum{{queue_name="workflow_queue"}} {looked_s}
argo_workflows_queue_duration_count{{queue_name="workflow_queue"}} {looked}
argo_workflows_queue_latency_sum{{queue_name="workflow_queue"}} {looked_s}
argo_workflows_queue_latency_count{{queue_name="workflow_queue"}} {looked}
"""


@dataclass
class FakeArgo(FakeKube):
    """The API server with Argo's kinds, beside the controller's metrics and Argo's server."""

    argo_version: str = "v4.0.5"
    settings: dict[str, str] = field(default_factory=lambda: {"parallelism": "3"})
    exposed: str = EXPOSED.format(panics=0, looked=10, looked_s=1)

    def __post_init__(self) -> None:
        self.objects = {path: {} for path in (WORKFLOWS, PODS, LEASES, CRONS, NAMESPACES)}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "controller.example":
            return httpx.Response(200, text=self.exposed)
        if request.url.host == "server.example":
            asks_version = request.url.path.endswith("/version")
            told = {"version": self.argo_version} if asks_version else {}
            return httpx.Response(200, json=told)
        if request.url.path == SETTINGS:
            return httpx.Response(200, json={"metadata": {}, "data": self.settings})
        return await super().handle_async_request(request)


@dataclass
class Scene:
    """A controller's workflows, their clock, and what reads them."""

    settings: dict[str, Any] = field(default_factory=dict)
    at: datetime = NOW

    def __post_init__(self) -> None:
        self.server = FakeArgo()
        self.wire = FaultyTransport(self.server)
        self.seconds = 0.0
        self.config = ArgoConfig.model_validate({"instance_id": "prod"} | self.settings)
        reach = Access("http://kube.example", True, None)
        self.collector = ArgoCollector(self.config, reach, self.wire, clock=lambda: self.seconds)

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

    def workflow(self, name: str, phase: str = "", age_s: float = 0, **more: Any) -> None:
        """`nodes` by phase of their pods; `waits`, `holds` name mutexes; the rest is status."""
        created = self.at - timedelta(seconds=age_s)
        known = self.server.objects[WORKFLOWS].get(f"jobs/{name}")
        if known is not None:
            created = datetime.fromisoformat(known["metadata"]["creationTimestamp"])
        status: dict[str, Any] = {"phase": phase, "nodes": _nodes(more.pop("nodes", []))}
        if phase not in ("", "Pending"):
            status["startedAt"] = more.pop("begun", iso(self.at))
        locks = {
            which: [{"mutex": f"jobs/Mutex/{lock}", "holder": "x"} for lock in more.pop(key, [])]
            for which, key in (("holding", "holds"), ("waiting", "waits"))
        }
        spec = {
            "suspend": more.pop("suspend", None),
            "priority": more.pop("priority", None),
            "arguments": {"parameters": [{"name": "password", "value": "hunter2"}]},
        }
        meta = {"name": name, "namespace": "jobs", "creationTimestamp": iso(created)}
        status |= {"synchronization": {"mutex": locks}} | more
        self.server.put(WORKFLOWS, {"metadata": meta, "spec": spec, "status": status})

    def namespace(self, name: str, limit: str) -> None:
        """One that limits its workflows."""
        labels = {"workflows.argoproj.io/parallelism-limit": limit}
        self.server.put(NAMESPACES, {"metadata": {"name": name, "labels": labels}})

    def cron(self, name: str, *, suspend: bool = False, **status: Any) -> None:
        """A cron workflow; `status` as Argo writes it."""
        meta = {"name": name, "namespace": "jobs"}
        spec = {"suspend": suspend, "schedules": ["* * * * *"], "workflowSpec": {}}
        self.server.put(CRONS, {"metadata": meta, "spec": spec, "status": status})

    def pod(self, name: str, workflow: str, node: str | None, phase: str, **more: Any) -> None:
        """A pod of a step; `waits` is the scheduler's message."""
        conditions: list[dict[str, Any]] = []
        if node is not None:
            told = {"status": "True", "lastTransitionTime": iso(self.at)}
            conditions = [{"type": "PodScheduled", **told}, {"type": "Ready", **told}]
        elif "waits" in more:
            said = {"reason": "Unschedulable", "message": more.pop("waits")}
            conditions = [{"type": "PodScheduled", "status": "False", **said}]
        meta = {
            "name": name,
            "namespace": "jobs",
            "uid": str(uuid5(NAMES, name)),
            "labels": {"workflows.argoproj.io/workflow": workflow},
            "creationTimestamp": iso(self.at),
        }
        secret = {"name": "PASSWORD", "value": "hunter2"}
        containers = [{"resources": {"requests": {"cpu": "500m"}}, "env": [secret]}]
        spec = {"nodeName": node, "containers": containers}
        status = {"phase": phase, "conditions": conditions}
        self.server.put(PODS, {"metadata": meta, "spec": spec, "status": status})

    def lease(self, holder: str = "controller-a", age_s: float = 2) -> None:
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": 15,
            "acquireTime": iso(self.at - timedelta(hours=1)),
            "renewTime": iso(self.at - timedelta(seconds=age_s)),
            "leaseTransitions": 3,
        }
        self.server.put(LEASES, {"metadata": {"name": "workflow-controller"}, "spec": spec})


def busy(**settings: Any) -> Scene:
    """Two workflows run of which one is paused; three wait, each for something else."""
    scene = Scene(settings)
    scene.lease()
    scene.workflow("runs", "Running", 60, nodes=["Running", "Pending"], holds=["build"])
    scene.workflow("paused", "Running", 50, nodes=["Succeeded", "suspend"])
    scene.workflow("for-its-turn", "Pending", 40, message=POSTPONED)
    scene.workflow("for-a-lock", "Pending", 30, waits=["build"], message=waiting("build"))
    scene.workflow("for-the-controller", "", 5)
    scene.workflow("done", "Succeeded", 500, finishedAt=iso(scene.at))
    scene.namespace("jobs", "5")
    scene.cron("hourly", active=[{"name": "hourly-1"}], lastScheduledTime=iso(scene.at))
    scene.pod("runs-1", "runs", "n1", "Running")
    scene.pod(
        "runs-2", "runs", None, "Pending", waits="0/1 nodes are available: 1 Insufficient cpu."
    )
    return scene


async def scraped(scene: Scene) -> OrchestratorMetrics:
    record = (await scene.scrape()).orchestrator
    await scene.collector.aclose()
    return record


def details(record: OrchestratorMetrics) -> dict[str, Any]:
    found: dict[str, Any] = record.extra_metadata()["argo"]
    return found


def queues(record: OrchestratorMetrics) -> dict[str, QueueInfo]:
    assert record.queuing is not None
    return {each.name: each for each in record.queuing.queues or ()}


def waiting(lock: str) -> str:
    return f"Waiting for jobs/Mutex/{lock} lock. Lock status: 0/1"


def _nodes(phases: list[str]) -> dict[str, Any]:
    """Steps as pods in these phases; `suspend` is a step that waits for somebody."""
    return {
        str(index): {
            "id": str(index),
            "name": f"step-{index}",
            "type": "Suspend" if phase == "suspend" else "Pod",
            "phase": "Running" if phase == "suspend" else phase,
            "startedAt": None,
            "finishedAt": None,
        }
        for index, phase in enumerate(phases)
    }


def iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def failing(scene: Scene) -> list[str]:
    """The watches that are deaf."""
    return [name for name, each in scene.collector.informers.items() if each.failure is not None]


async def wait_until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def relisted(scene: Scene) -> OrchestratorMetrics:
    """A record after the workflows were listed anew."""
    informer = scene.collector.informers["workflows"]
    lists = informer.lists
    await wait_until(lambda: informer.lists > lists and not failing(scene))
    return await scraped(scene)
