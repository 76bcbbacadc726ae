"""Kueue, Karpenter and Cluster API, where they are installed."""

from datetime import timedelta
from typing import Any

import pytest

from agents.collector import Batch
from contracts.orchestrator import QueueInfo, QueueType
from tests.agents.contract import assert_null, records_of, unexplained_nulls
from tests.agents.http_faults import FAULTS
from tests.agents.kubernetes.scenes import (
    CLUSTER_QUEUES,
    LOCAL_QUEUES,
    MACHINES,
    NODE_CLAIMS,
    NODE_POOLS,
    WORKLOADS,
    Scene,
    busy,
    iso,
)


def with_kueue() -> Scene:
    """Two queues; of three workloads one was let in."""
    scene = busy()
    scene.server.serve(CLUSTER_QUEUES, LOCAL_QUEUES, WORKLOADS)
    strict = {"queueingStrategy": "StrictFIFO"}
    status = {"pendingWorkloads": 2, "reservingWorkloads": 1, "admittedWorkloads": 1}
    scene.custom(CLUSTER_QUEUES, "gpu", strict, status)
    scene.custom(CLUSTER_QUEUES, "spare", {})
    scene.custom(LOCAL_QUEUES, "team", {"clusterQueue": "gpu"}, status, namespace="shop")
    for name, priority in (("w1", 0), ("w2", 5), ("w3", 5)):
        workload(scene, name, priority)
    workload(scene, "w3", 5, QuotaReserved=scene.at, Admitted=scene.at)
    return scene


def workload(scene: Scene, name: str, priority: int, **held: Any) -> None:
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": iso(at)} for kind, at in held.items()
    ]
    status: dict[str, Any] = {"conditions": conditions}
    if "QuotaReserved" in held:
        status["admission"] = {"clusterQueue": "gpu"}
    spec = {"queueName": "team", "priority": priority}
    created = iso(scene.at - timedelta(seconds=scene.seconds))
    scene.custom(WORKLOADS, name, spec, status, namespace="shop", creationTimestamp=created)


async def checked(scene: Scene) -> Batch:
    batch = await scene.scrape()
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


def queues(batch: Batch) -> dict[str, QueueInfo]:
    assert batch.orchestrator.queuing is not None
    return {each.name: each for each in batch.orchestrator.queuing.queues or ()}


class TestKueue:
    async def test_queues_and_what_waits_in_them(self) -> None:
        scene = with_kueue()
        begun = scene.at
        batch = await checked(scene)
        await scene.collector.aclose()

        gpu, spare = (queues(batch)[f"kueue/{name}"] for name in ("gpu", "spare"))
        assert (gpu.type, gpu.size, gpu.in_flight) == (QueueType.FIFO, 2, 1)
        assert gpu.priority_levels == {"0": 1, "5": 1}
        assert gpu.oldest_message == begun
        assert (spare.type, spare.size) == (QueueType.PRIORITY, 0)
        told = batch.orchestrator.extra_metadata()["kubernetes"]["localQueues"]
        assert told == {"shop/team": {"clusterQueue": "gpu", "pending": 2, "admitted": 1}}

    async def test_a_wait_for_quota_is_told_apart_from_one_for_a_node(self) -> None:
        scene = with_kueue()
        await scene.scrape()
        reserved, let_in = scene.at + timedelta(seconds=5), scene.at + timedelta(seconds=8)
        workload(scene, "w1", 0, QuotaReserved=reserved, Admitted=let_in)
        batch, after = await checked(scene), await checked(scene)
        await scene.collector.aclose()

        waits = batch.orchestrator.extra_metadata()["kubernetes"]["waits"]
        assert waits["quota"]["avgMs"] == pytest.approx(20_000)
        assert waits["checks"]["avgMs"] == pytest.approx(3_000)
        assert waits["placement"]["count"] == 0
        assert queues(batch)["kueue/gpu"].processing_rate == pytest.approx(1 / 15)
        assert queues(after)["kueue/gpu"].processing_rate == 0

    async def test_who_was_evicted_waits_from_then_on(self) -> None:
        scene = with_kueue()
        await scene.scrape()
        workload(scene, "w3", 5, Evicted=scene.at)
        await scene.scrape()
        let_in = scene.at + timedelta(seconds=5)
        workload(scene, "w3", 5, QuotaReserved=let_in, Admitted=let_in)
        batch = await checked(scene)
        await scene.collector.aclose()

        waits = batch.orchestrator.extra_metadata()["kubernetes"]["waits"]
        assert waits["quota"]["avgMs"] == pytest.approx(20_000)

    async def test_without_the_workloads_the_queues_are_still_told(self) -> None:
        scene = with_kueue()
        scene.wire.fail(f"GET {WORKLOADS}$", FAULTS["refused"])
        batch = await checked(scene)
        await scene.collector.aclose()

        assert queues(batch)["kueue/gpu"].size == 2
        index = list(queues(batch)).index("kueue/gpu")
        assert_null(batch.orchestrator, (f"/queuing/queues/{index}/oldestMessage",))
        assert [each.source for each in batch.orchestrator.health.errors] == ["watch workloads"]

    async def test_what_is_installed_later_is_found(self) -> None:
        scene = busy(facts_interval_s=10)
        first = await checked(scene)
        scene.server.serve(CLUSTER_QUEUES, LOCAL_QUEUES, WORKLOADS)
        scene.custom(CLUSTER_QUEUES, "gpu", {})
        second = await checked(scene)
        for path in (CLUSTER_QUEUES, LOCAL_QUEUES, WORKLOADS):
            del scene.server.objects[path]
        third = await checked(scene)
        await scene.collector.aclose()

        named = [[each for each in queues(batch) if "kueue" in each] for batch in (first, second)]
        assert named == [[], ["kueue/gpu"]]
        assert not [each for each in queues(third) if "kueue" in each]
        assert third.orchestrator.health.errors == ()


class TestNodes:
    async def test_the_limits_of_a_node_pool(self) -> None:
        scene = busy()
        scene.server.serve(NODE_POOLS, NODE_CLAIMS)
        scene.custom(NODE_POOLS, "general", {"limits": {"cpu": "100", "nodes": 5}})
        scene.custom(NODE_POOLS, "batch", {"replicas": 3})
        for name in ("c1", "c2", "c3"):
            scene.custom(NODE_CLAIMS, name, {}, labels={"karpenter.sh/nodepool": "general"})
        batch = await checked(scene)
        await scene.collector.aclose()

        scaling = {pool.pool_name: pool.scaling for pool in batch.pools}
        general, fixed = scaling["general"], scaling["batch"]
        assert (general.enabled, general.min_workers, general.max_workers) == (True, None, 5)
        assert general.current_target == 3
        assert (fixed.enabled, fixed.max_workers, fixed.current_target) == (False, 3, 3)
        assert batch.orchestrator.capacity is not None
        assert batch.orchestrator.capacity.scaling_metrics.autoscaled is True

    async def test_the_bounds_of_a_machine_deployment(self) -> None:
        scene = Scene()
        scene.server.serve(MACHINES)
        notes = {
            "cluster.x-k8s.io/owner-kind": "MachineSet",
            "cluster.x-k8s.io/owner-name": "md-0-x7k2p",
        }
        scene.node("n1", annotations=notes)
        size = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-{}-size"
        bounds = {size.format("min"): "1", size.format("max"): "9"}
        scene.custom(MACHINES, "md-0", {"replicas": 2}, annotations=bounds)
        batch = await checked(scene)
        await scene.collector.aclose()

        (pool,) = batch.pools
        assert pool.pool_name == "md-0"
        assert (pool.scaling.min_workers, pool.scaling.max_workers) == (1, 9)
        assert (pool.scaling.enabled, pool.scaling.current_target) == (True, 2)

    async def test_a_group_that_lacks_a_kind_is_no_error(self) -> None:
        scene = busy()
        scene.server.serve(NODE_POOLS)
        scene.custom(NODE_POOLS, "general", {})
        batch = await checked(scene)
        await scene.collector.aclose()

        assert batch.orchestrator.health.errors == ()
        assert [each for each in batch.orchestrator.health.warnings if "node claims" in each]

    async def test_without_either_nobody_knows_what_scales_the_nodes(self) -> None:
        scene = busy()
        batch = await checked(scene)
        await scene.collector.aclose()

        assert_null(batch.orchestrator, ("/capacity/scalingMetrics/autoscaled",))
        assert_null(batch.pools[0], ("/scaling/enabled", "/scaling/maxWorkers"))

    @pytest.mark.parametrize("fault", ["refused", "401", "403", "500", "HTML"])
    @pytest.mark.parametrize("path", [NODE_POOLS, NODE_CLAIMS])
    async def test_each_fails_by_itself(self, path: str, fault: str) -> None:
        scene = busy()
        scene.server.serve(NODE_POOLS, NODE_CLAIMS)
        scene.custom(NODE_POOLS, "general", {})
        scene.wire.fail(f"GET {path}$", FAULTS[fault])
        batch = await checked(scene)
        await scene.collector.aclose()

        (general,) = [each for each in batch.pools if each.pool_name == "general"]
        assert_null(general, ("/scaling/currentTarget",))
        assert general.total_workers == 2
        assert bool(batch.orchestrator.health.errors) == (fault != "403")


class TestGates:
    async def test_a_gate_is_a_wait_of_its_own(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.pod("kept", schedulingGates=[{"name": "quota"}])
        await scene.heard()
        scene.seconds += 4
        scene.pod("kept")
        await scene.heard()
        scene.seconds += 0.5
        scene.pod("kept", "n3", "Running", ready=scene.at + timedelta(seconds=2))
        batch = await checked(scene)
        await scene.collector.aclose()

        waits = batch.orchestrator.extra_metadata()["kubernetes"]["waits"]
        assert waits["gate"]["avgMs"] == pytest.approx(4000)
        assert waits["placement"]["avgMs"] == pytest.approx(500)
        assert waits["startUp"]["avgMs"] == pytest.approx(2000)
