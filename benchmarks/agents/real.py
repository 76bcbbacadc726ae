"""The tests' small real servers with a little in them, and a cluster of many nodes with kwok.

Each gives the settings of an agent that reads it, while it runs.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from temporalio.client import Client

from benchmarks.servers import wait_for
from tests.agents.prefect.driver import Driver
from tests.live.airflow.server import AirflowServer
from tests.live.argo.argo import Argo
from tests.live.argo.argo import programs as argo_programs
from tests.live.kubernetes.cluster import ADMIN, Cluster, container
from tests.live.kubernetes.cluster import programs as kube_programs
from tests.live.matrix.versions import environment_of
from tests.live.prefect.server import PrefectServer
from tests.live.temporal.server import TemporalServer
from tests.live.temporal.watch import start

__all__ = ["REAL", "UNHURRIED", "NotThereError"]

Settings = dict[str, Any]
FILL_S = 1800.0
LOOK_S = 5.0
NOT_RUNNING = "/api/v1/pods?limit=1&fieldSelector=status.phase%21%3DRunning"
AT_ONCE = 16
"""Requests that fill a cluster: more would only wait in its queue."""

RUNS = 20
UNHURRIED = {"timeout_s": 300, "call_timeout_s": 60}
STEP = {"name": "main", "container": {"image": "none", "command": ["true"]}}
LIMIT = 3


class NotThereError(Exception):
    """A server that was not built; says how to build it."""


Server = TypeVar("Server", AirflowServer, PrefectServer, TemporalServer)


@contextmanager
def _started(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def kubernetes(nodes: int, pods: int) -> Iterator[Settings]:
    """A control plane whose nodes and pods kwok plays; all pods run."""
    with _cluster() as cluster:
        asyncio.run(_fill_cluster(cluster, nodes, pods))
        wait_for(lambda: _all_run(cluster), FILL_S, f"{pods} pods run")
        yield {"type": "kubernetes", "kubeconfig": str(cluster.kubeconfig), **UNHURRIED}


@contextmanager
def argo(_nodes: int, _pods: int) -> Iterator[Settings]:
    """A controller with a limit of 3, which are taken, and others that wait for their turn."""
    found = argo_programs()
    if found is None:
        raise NotThereError("make argo")
    with _cluster() as cluster:
        controller = Argo(cluster, found, {"parallelism": str(LIMIT)})
        try:
            cluster.create_node("node-1")
            controller.install()
            controller.start()
            cluster.create_namespace("jobs")
            for number in range(RUNS):
                spec = {"entrypoint": "main", "templates": [STEP]}
                controller.submit("jobs", f"run-{number}", spec)
            wait_for(lambda: _taken(controller) == LIMIT, FILL_S, f"{LIMIT} workflows run")
            yield {
                "type": "argo",
                "kubeconfig": str(cluster.kubeconfig),
                "controller_metrics_url": controller.metrics_url,
                "server_url": controller.serve(),
                **UNHURRIED,
            }
        finally:
            controller.stop()


@contextmanager
def airflow(_nodes: int, _pods: int) -> Iterator[Settings]:
    """Airflow 3 with some runs of small DAGs."""
    environment = environment_of("airflow", "airflow")
    if environment is None:
        raise NotThereError("make airflow")
    with _folder() as folder, _started(AirflowServer(folder, environment)) as server:
        for _ in range(3):
            server.trigger("woa_fast")
        wait_for(lambda: "success" in server.states("woa_fast"), FILL_S, "a DAG has run")
        yield {"type": "airflow", **server.settings, **UNHURRIED}


@contextmanager
def prefect(_nodes: int, _pods: int) -> Iterator[Settings]:
    """Prefect with a pool in which runs wait, and some that ended."""
    environment = environment_of("prefect", "prefect")
    if environment is None:
        raise NotThereError("make prefect")
    with _folder() as folder, _started(PrefectServer(folder, environment)) as server:
        asyncio.run(_fill_prefect(server))
        yield {"type": "prefect", **server.settings, **UNHURRIED}


@contextmanager
def temporal(_nodes: int, _pods: int) -> Iterator[Settings]:
    """Temporal with one task queue in which workflows wait."""
    with _folder() as folder, _started(TemporalServer(folder)) as server:
        asyncio.run(_fill_temporal(server))
        metrics = {"metrics_urls": [server.metrics_url]}
        yield {"type": "temporal", "address": server.address, "timeout_s": 60, **metrics}


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextmanager
def _cluster() -> Iterator[Cluster]:
    found = kube_programs()
    if found is None:
        raise NotThereError("make kubernetes")
    with _folder() as folder:
        cluster = Cluster(folder, found)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


async def _fill_cluster(cluster: Cluster, nodes: int, pods: int) -> None:
    """Pods are given their nodes at once: the scheduler places 50 a second."""
    for number in range(nodes):
        await asyncio.to_thread(cluster.create_node, f"node-{number}")
    turns = asyncio.Semaphore(AT_ONCE)
    headers = {"Authorization": f"Bearer {ADMIN}"}
    async with httpx.AsyncClient(
        base_url=cluster.url, headers=headers, verify=cluster.trust(), timeout=60, trust_env=False
    ) as client:

        async def create(number: int) -> None:
            spec = {"nodeName": f"node-{number % nodes}", "containers": [container("10m")]}
            body = {"metadata": {"name": f"pod-{number}"}, "spec": spec}
            async with turns:
                answer = await client.post("/api/v1/namespaces/default/pods", json=body)
            answer.raise_for_status()

        await asyncio.gather(*map(create, range(pods)))


def _all_run(cluster: Cluster) -> bool:
    """Asked now and then: each look costs the server a walk over all of them."""
    time.sleep(LOOK_S)
    return not cluster.items(NOT_RUNNING)


def _taken(controller: Argo) -> int:
    return sum(each["status"].get("phase") == "Running" for each in controller.listed("jobs"))


async def _fill_prefect(server: PrefectServer) -> None:
    async with server.client() as client:
        driver = Driver(client)
        await driver.pool("pool")
        deployment = await driver.deployment("daily", "pool")
        for number in range(RUNS):
            run = await driver.run(deployment)
            if number % 2:
                await driver.finish(run)


async def _fill_temporal(server: TemporalServer) -> None:
    client = await Client.connect(server.address)
    for _ in range(RUNS):
        await start(client, "Quick", "queue", 1)


REAL: dict[str, Callable[[int, int], Any]] = {
    "kubernetes": kubernetes,
    "argo": argo,
    "airflow": airflow,
    "prefect": prefect,
    "temporal": temporal,
}
