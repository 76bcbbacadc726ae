"""A real kubelet: the agent of its node tells what the kubelet tells, with the least rights."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from agents.collector import UnauthorizedError, UnreachableError
from agents.forwarder import Forwarder
from agents.kubernetes.node import NodeCollector, NodeConfig
from agents.runner import AgentRunner
from agents.spool import Spool
from bus.direct import DirectBus
from cli.surroundings import surroundings
from contracts.worker_usage import USAGES, WorkerUsage
from ingest.service import Ingest
from store.connection import open_pool
from store.engine import create_read_engine
from store.write import Writer
from tests.api.world import PREFIX, TOKEN, World
from tests.live.kubernetes.cluster import Cluster
from tests.live.kubernetes.kubelet import FILES, Kubelet, lacking
from tests.live.kubernetes.manifests import apply, token_of
from tests.live.kubernetes.reading import LIMIT_S, collector_of, until
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

RBAC = Path(__file__).parents[3] / "deploy" / "kubernetes" / "node-rbac.yaml"
ACCOUNT = "woa-kubernetes-node-agent"


@pytest.fixture(scope="module")
def kubelet(cluster: Cluster) -> Iterator[Kubelet]:
    """A node with a kubelet of its own; nothing is placed there."""
    missing = [name for name in FILES if not (cluster.programs / name).is_file()]
    if missing:
        require_or_skip("live", f"there is no {' and no '.join(missing)}: make kubernetes")
    if reason := lacking():
        require_or_skip("kubelet", reason)
    apply(cluster, RBAC)
    kubelet = Kubelet(cluster, "bare-1")
    try:
        try:
            kubelet.start()
        except (RuntimeError, AssertionError) as error:  # it asks much of a machine
            require_or_skip("kubelet", f"the kubelet does not run here: {error}\n{kubelet.said()}")
        yield kubelet
    finally:
        kubelet.stop()
        with cluster.client() as client:
            client.delete(f"/api/v1/nodes/{kubelet.name}")


def settings(cluster: Cluster, kubelet: Kubelet, token: str) -> NodeConfig:
    token_file = cluster.folder / f"token-{token[-8:]}"
    token_file.write_text(token)
    return NodeConfig.model_validate(
        {
            "instance_id": "live",
            "node_name": kubelet.name,
            "kubelet_url": kubelet.url,
            "api_url": cluster.url,
            "ca_file": cluster.ca_file,
            "token_file": token_file,
            "call_timeout_s": 30,
            "timeout_s": 60,
        }
    )


@pytest.fixture
def config(cluster: Cluster, kubelet: Kubelet) -> NodeConfig:
    """With the rights of the DaemonSet's account."""
    return settings(cluster, kubelet, token_of(cluster, ACCOUNT))


def sample_of(summary: dict[str, Any]) -> str:
    """When the kubelet took it: what it tells between two samples is the same."""
    told: str = summary["node"]["cpu"]["time"]
    return told


async def compared(
    collector: NodeCollector, kubelet: Kubelet, seen: list[dict[str, Any]]
) -> tuple[WorkerUsage, dict[str, Any]]:
    """A record, and the statistics of the very sample that it is of.

    `seen` takes all statistics that the collector may have read.
    """
    async with asyncio.timeout(LIMIT_S):
        while True:
            before = kubelet.summary()["node"] | {"rlimit": None}  # which it reads anew each time
            record = (await collector.collect(datetime.now(UTC))).usage
            after = kubelet.summary()["node"] | {"rlimit": None}
            seen += [before, after]
            if before == after:
                return record, before
            await asyncio.sleep(0.5)


async def test_it_tells_what_the_kubelet_tells(kubelet: Kubelet, config: NodeConfig) -> None:
    node, seen = kubelet.node(), list[dict[str, Any]]()
    allocatable = node["status"]["allocatable"]
    async with NodeCollector(config) as collector:
        first, old = await compared(collector, kubelet, seen)
        await until(lambda: sample_of(kubelet.summary()) > old["cpu"]["time"])
        second, new = await compared(collector, kubelet, seen)

    assert first.network_usage is None
    assert first.worker_id == second.worker_id == node["metadata"]["uid"]
    cores = new["cpu"]["usageNanoCores"] / 1e9
    assert second.cpu_usage == pytest.approx(cores / float(allocatable["cpu"]))
    memory = float(allocatable["memory"].removesuffix("Ki")) * 1024
    assert second.memory_usage == pytest.approx(new["memory"]["workingSetBytes"] / memory)
    assert second.disk_usage == pytest.approx(new["fs"]["usedBytes"] / new["fs"]["capacityBytes"])
    rates = [rate(each, new) for each in seen if sampled(each) < sampled(new)]
    assert second.network_usage in [pytest.approx(each) for each in rates]
    assert second.metadata.unavailable == {}
    version = node["status"]["nodeInfo"]["kubeletVersion"]
    assert second.metadata.source.versions == {"kubelet": version}


def rate(old: dict[str, Any], new: dict[str, Any]) -> float:
    gained = sum(new["network"][way] - old["network"][way] for way in ("rxBytes", "txBytes"))
    return float(gained / (sampled(new) - sampled(old)).total_seconds())


def sampled(stats: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(stats["network"]["time"])


async def test_the_least_rights_are_enough_and_give_no_more(
    cluster: Cluster, kubelet: Kubelet, config: NodeConfig
) -> None:
    assert config.token_file is not None
    refused = {
        ("GET", f"{cluster.url}/api/v1/secrets"),
        ("GET", f"{cluster.url}/api/v1/configmaps"),
        ("GET", f"{cluster.url}/api/v1/pods"),
        ("GET", f"{cluster.url}/api/v1/nodes"),
        ("POST", f"{cluster.url}/api/v1/namespaces/default/pods"),
        ("DELETE", f"{cluster.url}/api/v1/nodes/{kubelet.name}"),
        ("GET", f"{cluster.url}/api/v1/nodes/{kubelet.name}/proxy/stats/summary"),
        ("GET", f"{kubelet.url}/pods"),
        ("GET", f"{kubelet.url}/metrics/cadvisor"),
        ("GET", f"{kubelet.url}/containerLogs/default/x/x"),
        ("POST", f"{kubelet.url}/exec/default/x/x?command=id&output=1"),
    }
    allowed = {
        ("GET", f"{cluster.url}/api/v1/nodes/{kubelet.name}"),
        ("GET", f"{kubelet.url}/stats/summary"),
    }
    with cluster.client(config.token_file.read_text()) as client:

        def statuses(asked: set[tuple[str, str]]) -> set[int]:
            return {client.request(way, url, json={}).status_code for way, url in asked}

        assert statuses(refused) == {httpx.codes.FORBIDDEN}
        assert statuses(allowed) == {httpx.codes.OK}


@pytest.mark.parametrize("token", ["weak-token", "no-token-at-all"])
async def test_a_token_without_rights_is_unauthorized(
    cluster: Cluster, kubelet: Kubelet, token: str
) -> None:
    async with NodeCollector(settings(cluster, kubelet, token)) as collector:
        with pytest.raises(UnauthorizedError):
            await collector.collect(datetime.now(UTC))


async def test_a_kubelet_that_is_restarted_is_an_outage_and_then_told_again(
    kubelet: Kubelet, config: NodeConfig
) -> None:
    async with NodeCollector(config) as collector:
        await collector.collect(datetime.now(UTC))
        kubelet.stop()
        with pytest.raises(UnreachableError) as caught:
            await collector.collect(datetime.now(UTC))
        outage = collector.outage(caught.value.code, str(caught.value), datetime.now(UTC))
        kubelet.start()  # by this thread: children are ended with the one that made them
        record = (await collector.collect(datetime.now(UTC))).usage

    assert outage is not None
    assert [getattr(outage.usage, name) for name in USAGES] == [None] * 4
    assert record.cpu_usage is not None
    assert record.cpu_usage > 0


@asynccontextmanager
async def pipeline(database_url: str, folder: Path) -> AsyncIterator[Forwarder]:
    """From a spool over the bus into the database."""
    async with (
        Spool(folder / "spool.db") as spool,
        DirectBus() as bus,
        await open_pool(database_url, application_name="test") as pool,
    ):
        forwarder = Forwarder(spool, bus)
        tasks = [
            asyncio.create_task(forwarder.run()),
            asyncio.create_task(Ingest(bus, Writer(pool)).run()),
        ]
        try:
            yield forwarder
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


async def test_the_api_shows_it_at_the_worker_of_the_cluster_s_agent(
    cluster: Cluster, kubelet: Kubelet, config: NodeConfig, database_url: str, tmp_path: Path
) -> None:
    engine = create_read_engine(database_url)
    world = World(engine, None, tmp_path)
    world.clock.now = datetime.now(UTC)
    await world.admit()

    async def shown(http: httpx.AsyncClient) -> dict[str, Any]:
        pools = (await http.get(f"{PREFIX}/worker-pools")).json()["items"]
        workers = [
            worker
            for pool in pools
            for worker in (
                await http.get(f"{PREFIX}/worker-pools/{pool['poolId']}/workers")
            ).json()["items"]
        ]
        (found,) = [each for each in workers if each["hostname"] == kubelet.name]
        return dict(found)

    fields = ("cpuUsage", "memoryUsage", "diskUsage", "networkUsage")
    async with (
        pipeline(database_url, tmp_path) as forwarder,
        collector_of(cluster) as of_cluster,
        NodeCollector(config) as of_node,
        world.client(Authorization=f"Bearer {TOKEN}") as http,
    ):
        node, whole = runner_of(of_node, forwarder), runner_of(of_cluster, forwarder)
        await node.tick()
        before = sample_of(kubelet.summary())
        await whole.tick()  # the first lists everything; the next is quick, and nothing gets old
        await until(lambda: sample_of(kubelet.summary()) > before)
        await node.tick()
        await whole.tick()
        assert await forwarder.drained(LIMIT_S)
        world.clock.now = datetime.now(UTC)
        worker = await shown(http)
        world.clock.now += timedelta(minutes=1)
        later = await shown(http)
    await engine.dispose()

    assert (worker["state"], worker["usage"]["state"], later["usage"]["state"]) == (
        "ok",
        "ok",
        "stale",
    )
    assert worker["status"] == "idle"
    assert worker["totalSlots"] == 110
    assert worker["cpuUsage"] > 0
    assert worker["memoryUsage"] > 0
    assert None not in [worker[field] for field in fields]
    assert [later[field] for field in fields] == [None] * 4


def runner_of(collector: Any, forwarder: Forwarder) -> AgentRunner:
    return AgentRunner(collector, forwarder, surroundings())
