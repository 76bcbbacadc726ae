"""Records a case for tests/agents/kubernetes/cases from a real cluster.

Run: python -m tests.live.kubernetes.record CASE [--expected-only]
"""

import asyncio
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from agents.kube.credentials import access
from agents.kubernetes import KubernetesCollector, KubernetesConfig
from agents.kubernetes.control_plane import APISERVER, CONTROLLERS, SCHEDULER
from tests.agents.http_cases import HttpCase
from tests.agents.kube.replay import WatchRecorder
from tests.agents.kubernetes.replay import ACCESS, CASES, SETTINGS, replayed_case
from tests.live.kubernetes.cluster import ADMIN, Cluster, programs
from tests.live.kubernetes.extensions import define
from tests.live.kubernetes.load import first_act, second_act
from tests.live.recording import arguments, kept, write_case

NOT_KEPT = frozenset({"managedFields", "openAPIV3Schema", "tolerations", "volumes", "images"})
NAMES = frozenset().union(*(each.allowed for each in (APISERVER, SCHEDULER, CONTROLLERS)))


def telling(line: str) -> bool:
    name = line.partition("{")[0].partition(" ")[0]
    return name.encode() in NAMES and not line.endswith("} 0")


async def record(cluster: Cluster) -> HttpCase:
    """Let things happen that the collector can tell, and keep three scrapes of them."""
    reach = access(KubernetesConfig(instance_id="live", kubeconfig=cluster.kubeconfig))
    recorder = WatchRecorder(
        httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_connections=40)),
        partial(kept, left_out=NOT_KEPT, telling=telling),
        place=lambda request: placed(cluster, request),
    )
    config = KubernetesConfig.model_validate(SETTINGS)
    signed = ACCESS.__class__(ACCESS.url, ACCESS.trust, reach.auth)
    moments, taken = [], []
    async with KubernetesCollector(config, signed, recorder) as collector:
        for act in (first_act, second_act, None):
            if act is not None:
                await asyncio.to_thread(act, cluster)
            moments.append(datetime.now(UTC))
            await collector.collect(moments[-1])
            taken.append(recorder.take())
    return HttpCase(about(cluster, moments), taken)


def placed(cluster: Cluster, request: httpx.Request) -> httpx.Request:
    """The same request to where the cluster really is."""
    hosts = {"scheduler.example": cluster.scheduler_url, "manager.example": cluster.manager_url}
    real = httpx.URL(hosts.get(request.url.host, cluster.url))
    target = request.url.copy_with(host=real.host, port=real.port)
    if request.url.host in hosts:
        target = target.copy_with(path="/metrics")
    headers = request.headers.copy()
    headers["Host"] = f"{real.host}:{real.port}"
    return httpx.Request(request.method, target, headers=headers, extensions=request.extensions)


def about(cluster: Cluster, moments: list[datetime]) -> dict[str, Any]:
    """What a reader must know of the case."""
    with cluster.client(ADMIN) as client:
        version = client.get("/version").json()["gitVersion"]
    return {
        "server": version,
        "command": "python -m tests.live.kubernetes.record",
        "recorded": f"{moments[0]:%Y-%m-%d}",
        "note": "kwok in the place of kubelets; objects of Kueue and Karpenter are made by hand",
        "settings": SETTINGS,
        "scrapes": [moment.isoformat() for moment in moments],
    }


async def main() -> None:
    asked = arguments().parse_args()
    await write_case(asked, CASES, recorded, HttpCase.load, replayed_case)


async def recorded() -> HttpCase:
    """A case of a cluster of its own."""
    found = programs()
    assert found is not None, "make kubernetes"
    with tempfile.TemporaryDirectory() as place:
        cluster = Cluster(Path(place), found)
        try:
            cluster.start()
            define(cluster, found / "crds")
            return await record(cluster)
        finally:
            cluster.stop()


if __name__ == "__main__":
    asyncio.run(main())
