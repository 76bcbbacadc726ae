"""Records a case for tests/agents/argo/cases from a real controller.

Run: [WOA_ARGO=argo-older] python -m tests.live.argo.record CASE [--expected-only]
"""

import asyncio
import tempfile
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from agents.argo import ArgoCollector, ArgoConfig
from agents.argo.limits import LIMITED
from agents.argo.metrics import CONTROLLER
from agents.kube.credentials import access
from agents.kubernetes import KubernetesConfig
from benchmarks.servers import wait_for
from tests.agents.argo.replay import ACCESS, CASES, SETTINGS, replayed_case
from tests.agents.http_cases import HttpCase
from tests.agents.kube.replay import WatchRecorder
from tests.live.argo.argo import LABEL, Argo, programs
from tests.live.kubernetes.cluster import START_S, Cluster, container
from tests.live.kubernetes.cluster import programs as kube_programs
from tests.live.recording import arguments, kept, write_case

JOBS = "jobs"
NOT_KEPT = frozenset(
    {"managedFields", "openAPIV3Schema", "tolerations", "volumes", "volumeMounts", "env", "command"}
    | {"workflows.argoproj.io/template", "storedTemplates", "storedWorkflowTemplateSpec"}
)
STEP = {"name": "main", "container": {"image": "none", "command": ["true"]}}
ONE_STEP: dict[str, Any] = {"entrypoint": "main", "templates": [STEP]}
PAUSED = {"entrypoint": "main", "templates": [{"name": "main", "suspend": {}}]}
HUGE = {"name": "main", "container": {**container("64"), "command": ["true"]}}
LOCKED = {**ONE_STEP, "synchronization": {"mutexes": [{"name": "build"}]}}


def read(line: str) -> bool:
    return line.partition("{")[0].partition(" ")[0].encode() in CONTROLLER.allowed


def first_act(argo: Argo) -> None:
    """One holds a lock, one waits for it, one is paused; a cron workflow is suspended."""
    argo.cluster.create(
        "/api/v1/namespaces", {"metadata": {"name": JOBS, "labels": {LIMITED: "4"}}}
    )
    argo.submit(JOBS, "holds", LOCKED)
    wait_for(lambda: phases(argo) == {"Running": 1}, START_S, "one holds the lock")
    argo.submit(JOBS, "waits", LOCKED)
    argo.submit(JOBS, "paused", PAUSED)
    spec = {"schedules": ["0 0 1 1 *"], "suspend": True, "workflowSpec": PAUSED}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "spec": spec}
    crons = f"/apis/argoproj.io/v1alpha1/namespaces/{JOBS}/cronworkflows"
    argo.cluster.create(crons, {**body, "metadata": {"name": "yearly"}})
    wait_for(lambda: phases(argo) == {"Running": 2, "Pending": 1}, START_S, "one waits")


def second_act(argo: Argo) -> None:
    """One suits no node, one waits for its turn; one fails, and the lock changes hands."""
    argo.submit(JOBS, "huge", {"entrypoint": "main", "templates": [HUGE]})
    wait_for(lambda: phases(argo)["Running"] == 3, START_S, "one suits no node")
    argo.submit(JOBS, "late", ONE_STEP)
    wait_for(lambda: phases(argo)["Pending"] == 2, START_S, "one waits for its turn")
    wait_for(lambda: end(argo, "holds", well=False), START_S, "the lock changes hands")
    wait_for(lambda: "waits-" in str(running(argo)), START_S, "whoever waited runs")
    wait_for(lambda: "late-" in str(running(argo)), START_S, "there is room for the last")


def end(argo: Argo, workflow: str, *, well: bool) -> bool:
    argo.end_pods(JOBS, well=well, workflows=f"{LABEL}={workflow}")
    found = {each["metadata"]["name"]: each for each in argo.listed(JOBS)}
    return found[workflow]["status"].get("phase") in ("Succeeded", "Failed")


def running(argo: Argo) -> list[str]:
    pods = argo.cluster.items(f"/api/v1/namespaces/{JOBS}/pods")
    return [
        f"{each['metadata']['labels'][LABEL]}-"
        for each in pods
        if each["status"].get("phase") == "Running"
    ]


def phases(argo: Argo) -> Counter[str]:
    return Counter(each["status"].get("phase", "") for each in argo.listed(JOBS))


async def record(argo: Argo) -> HttpCase:
    """Let things happen that the collector can tell, and keep three scrapes of them."""
    cluster = argo.cluster
    places = {"controller.example": argo.metrics_url, "server.example": argo.serve()}
    reach = access(KubernetesConfig(instance_id="live", kubeconfig=cluster.kubeconfig))
    recorder = WatchRecorder(
        httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_connections=40)),
        partial(kept, left_out=NOT_KEPT, telling=read),
        place=lambda request: placed(request, cluster.url, places),
    )
    signed = ACCESS.__class__(ACCESS.url, ACCESS.trust, reach.auth)
    moments, taken = [], []
    config = ArgoConfig.model_validate(SETTINGS)
    async with ArgoCollector(config, signed, recorder) as collector:
        for act in (first_act, second_act, None):
            if act is not None:
                await asyncio.to_thread(act, argo)
            moments.append(datetime.now(UTC))
            await collector.collect(moments[-1])
            taken.append(recorder.take())
    about = {
        "server": argo.version(),
        "command": "python -m tests.live.argo.record",
        "recorded": f"{moments[0]:%Y-%m-%d}",
        "note": "kwok in the place of kubelets; pods are ended by the recorder",
        "settings": SETTINGS,
        "scrapes": [moment.isoformat() for moment in moments],
    }
    return HttpCase(about, taken)


def placed(request: httpx.Request, cluster: str, places: dict[str, str]) -> httpx.Request:
    """The same request to where it really is."""
    real = httpx.URL(places.get(request.url.host, cluster))
    target = request.url.copy_with(scheme=real.scheme, host=real.host, port=real.port)
    if request.url.host == "controller.example":
        target = target.copy_with(path="/metrics")
    headers = request.headers.copy()
    headers["Host"] = f"{real.host}:{real.port}"
    return httpx.Request(request.method, target, headers=headers, extensions=request.extensions)


async def recorded() -> HttpCase:
    """A case of a controller of its own."""
    kube, found = kube_programs(), programs()
    assert kube is not None, "make kubernetes"
    assert found is not None, "make argo"
    with tempfile.TemporaryDirectory() as place:
        cluster = Cluster(Path(place), kube)
        argo = Argo(cluster, found, {"parallelism": "9"})
        try:
            cluster.start()
            cluster.create_node("node-1")
            argo.install()
            argo.start()
            return await record(argo)
        finally:
            argo.stop()
            cluster.stop()


async def main() -> None:
    asked = arguments().parse_args()
    await write_case(asked, CASES, recorded, HttpCase.load, replayed_case)


if __name__ == "__main__":
    asyncio.run(main())
