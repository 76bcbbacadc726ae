import asyncio
from datetime import timedelta
from typing import Any

import pytest

from agents.collector import CollectorError
from agents.kubernetes import KubernetesCollector
from agents.kubernetes.quantity import SUFFIXES, quantity
from agents.kubernetes.state import waiting_reasons
from contracts.events import SchedulingDecision
from contracts.health import ComponentStatus
from contracts.orchestrator import OrchestratorMetrics
from contracts.worker_pool import WorkerPoolMetrics, WorkerStatus
from tests.agents.contract import (
    CollectorContract,
    assert_null,
    changed_to_something,
    records_of,
    unexplained_nulls,
)
from tests.agents.http_faults import EVERYWHERE, FAULTS
from tests.agents.kubernetes.scenes import JOBS, LEASES, NODES, PODS, Scene, busy, iso


class TestKubernetesCollector(CollectorContract):
    def collector(self) -> KubernetesCollector:
        return busy().collector

    def broken(self) -> KubernetesCollector:
        scene = busy()
        scene.wire.fail(EVERYWHERE, FAULTS["refused"])
        return scene.collector


class TestEmpty(TestKubernetesCollector):
    """A cluster without nodes."""

    def collector(self) -> KubernetesCollector:
        return Scene().collector


async def second(scene: Scene) -> OrchestratorMetrics:
    await scene.scrape()
    happen(scene)
    record = (await scene.scrape()).orchestrator
    await scene.collector.aclose()
    return record


def happen(scene: Scene) -> None:
    """Pods are placed after known waits, end well and badly; jobs end."""
    scene.pod("slow", waits=MESSAGE_SHORT, created=scene.at - timedelta(seconds=20))
    scene.pod("slow", "n3", created=scene.at - timedelta(seconds=20))
    scene.pod("done", "n3", "Succeeded", owner="Job")
    scene.pod("bad", "n3", "Failed", owner="Job")
    begun = {"startTime": iso(scene.at - timedelta(seconds=40))}
    complete = {"type": "Complete", "status": "True"}
    scene.job("nightly", completionTime=iso(scene.at), conditions=[complete], **begun)
    failed = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
    times = {"lastTransitionTime": iso(scene.at)}
    scene.job("broken", conditions=[{**failed, **times}], **begun)


MESSAGE_SHORT = "0/3 nodes are available: 3 Insufficient memory."


class TestFigures:
    @pytest.fixture
    async def record(self) -> OrchestratorMetrics:
        return await second(busy())

    def test_what_waits_and_why(self, record: OrchestratorMetrics) -> None:
        assert record.scheduling is not None
        assert record.queuing is not None
        assert record.scheduling.queue_depth == 2  # a gated pod does not want a node yet
        assert record.queuing.max_wait_time == pytest.approx(105_000, abs=1_000)
        told = record.extra_metadata()["kubernetes"]
        assert told["pendingReasons"] == {"Insufficient cpu": 2, "had untolerated taint": 2}
        assert told["gatedPods"] == 1
        assert record.scheduling.priority_distribution == {"0": 1, "high": 1}

    def test_room_and_what_is_asked_for(self, record: OrchestratorMetrics) -> None:
        capacity = record.capacity
        assert capacity is not None
        assert (capacity.total_slots, capacity.used_slots) == (30, 6)
        # 3 of 16 cores, 6 of 24 GiB, 6 of 30 pods: memory is shortest.
        assert capacity.capacity_utilization == pytest.approx(6 / 24)
        assert capacity.active_workers == 3

    def test_what_was_placed(self, record: OrchestratorMetrics) -> None:
        assert record.scheduling is not None
        assert record.scheduling.scheduling_throughput == 3 / 15
        assert record.scheduling.scheduling_failures == 1
        assert record.scheduling.latency_histogram is not None
        assert sum(record.scheduling.latency_histogram.counts) == 3

    def test_jobs_are_the_workflows(self, record: OrchestratorMetrics) -> None:
        execution = record.execution
        assert execution is not None
        assert (execution.completed_workflows, execution.failed_workflows) == (1, 1)
        assert execution.avg_duration == 40_000
        assert execution.retried_tasks == 1
        assert execution.interval_s == 15
        assert record.queuing is not None
        assert record.queuing.dead_letter_count == 1

    def test_pods_that_suit_no_node_are_an_issue(self, record: OrchestratorMetrics) -> None:
        pending = {each.name: each for each in record.health.components}["pending pods"]
        assert pending.status is ComponentStatus.DEGRADED
        assert "Insufficient cpu" in pending.issues[0].message


class TestWatching:
    async def test_an_end_counts_once(self) -> None:
        scene = busy()
        await scene.scrape()
        happen(scene)
        first = (await scene.scrape()).orchestrator
        after = (await scene.scrape()).orchestrator
        await scene.collector.aclose()

        assert first.execution is not None
        assert after.execution is not None
        assert (first.execution.completed_workflows, after.execution.completed_workflows) == (1, 0)

    async def test_later_scrapes_list_nothing(self) -> None:
        scene = busy()
        for _ in range(4):  # the metrics are read once a minute
            record = (await scene.scrape()).orchestrator
        await scene.collector.aclose()

        assert scene.server.lists == 2  # where events begin
        assert scene.server.watches == 7
        assert record.metadata.source.calls == 1  # readyz; metrics.k8s.io is not there

    async def test_our_own_clock_is_finer_than_the_servers(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.pod("quick")
        await scene.heard()
        scene.seconds += 0.25
        scene.pod("quick", "n3")

        batch = await scene.scrape()
        await scene.collector.aclose()

        (decision,) = [each for each in batch.events if isinstance(each, SchedulingDecision)]
        assert decision.scheduling_latency == pytest.approx(250)
        assert decision.decision_factors["precision"] == "watch"
        assert decision.selected_worker == "n3"

    async def test_while_a_watch_is_deaf_its_figures_are_unknown_and_later_whole(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.wire.fail(f"GET {JOBS}$", FAULTS["refused"])
        scene.server.cut()
        await wait_until(lambda: failing(scene))
        await wait_until(lambda: failing(scene) == ["jobs"])
        deaf = (await scene.scrape()).orchestrator
        happen(scene)
        scene.wire.heal()
        await wait_until(lambda: not failing(scene))
        await scene.heard()
        whole = (await scene.scrape()).orchestrator
        await scene.collector.aclose()

        assert_null(deaf, ("/execution/completedWorkflows", "/capacity/runningWorkflows"))
        assert deaf.scheduling is not None
        assert deaf.scheduling.queue_depth == 2
        assert whole.execution is not None
        assert whole.execution.completed_workflows == 1
        assert whole.execution.interval_s == 30


def failing(scene: Scene) -> list[str]:
    """Kinds whose watch is not heard."""
    return [name for name, each in scene.collector.informers.items() if each.failure is not None]


async def wait_until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


class TestNodes:
    async def test_groups_of_nodes_are_pools(self) -> None:
        scene = busy()
        pools = pools_of((await scene.scrape()).pools)
        await scene.collector.aclose()

        assert {name: pool.total_workers for name, pool in pools.items()} == {
            "batch": 1,
            "general": 2,
        }
        n1, n2 = pools["general"].workers or ()
        assert (n1.hostname, n1.status, n1.used_slots) == ("n1", WorkerStatus.ACTIVE, 4)
        assert (n2.hostname, n2.status) == ("n2", WorkerStatus.IDLE)  # only a DaemonSet's pod

    async def test_a_configured_label_goes_first(self) -> None:
        scene = Scene({"pool_label": "team"})
        scene.node("n1", labels={"team": "red", "karpenter.sh/nodepool": "general"})
        pools = pools_of((await scene.scrape()).pools)
        await scene.collector.aclose()

        assert pools.keys() == {"red"}

    async def test_a_node_that_is_lost(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.node("n3", ready="Unknown", labels={"karpenter.sh/nodepool": "batch"})
        batch = await scene.scrape()
        await scene.collector.aclose()

        pools = pools_of(batch.pools)
        assert pools["batch"].failed_workers == 1
        assert pools["batch"].pool_health.communication_errors == 1
        assert batch.orchestrator.extra_metadata()["kubernetes"]["nodesLost"] == 1
        assert batch.coordination is not None
        assert batch.coordination.partition_tolerance is not None
        assert batch.coordination.partition_tolerance.unreachable_members == 1

    async def test_use_is_of_what_the_node_has(self) -> None:
        scene = busy()
        usage = {"cpu": "1", "memory": "2Gi"}
        scene.server.usage = {"items": [{"metadata": {"name": "n1"}, "usage": usage}]}
        pools = pools_of((await scene.scrape()).pools)
        await scene.collector.aclose()

        n1, n2 = pools["general"].workers or ()
        assert (n1.cpu_usage, n1.memory_usage) == (0.25, 0.25)
        assert n2.cpu_usage is None


class TestControlPlane:
    async def test_a_scheduler_whose_lease_ran_out(self) -> None:
        scene = busy()
        scene.lease("kube-scheduler", age_s=40)
        batch = await scene.scrape()
        await scene.collector.aclose()

        parts = {each.name: each for each in batch.orchestrator.health.components}
        assert parts["scheduler"].status is ComponentStatus.UNHEALTHY
        assert batch.coordination is not None
        assert batch.coordination.leader_election is not None
        assert batch.coordination.leader_election.current_leader is None

    async def test_a_check_that_fails_is_named(self) -> None:
        scene = busy()
        scene.server.ready = False
        record = (await scene.scrape()).orchestrator
        await scene.collector.aclose()

        parts = {each.name: each for each in record.health.components}
        assert parts["etcd"].status is ComponentStatus.UNHEALTHY
        assert parts["api"].status is ComponentStatus.UNHEALTHY
        assert record.capacity is not None
        assert record.capacity.used_slots == 5

    async def test_another_leader_is_an_election(self) -> None:
        scene = busy()
        await scene.scrape()
        scene.lease("kube-scheduler", holder="host-2_y")
        batch = await scene.scrape()
        await scene.collector.aclose()

        assert batch.coordination is not None
        assert batch.coordination.metadata.model_extra
        assert batch.coordination.metadata.model_extra["kubernetes"]["electionsSeen"] == 1


CALLS = {
    NODES: ("/capacity/totalSlots", "/capacity/activeWorkers"),
    PODS: ("/scheduling/queueDepth", "/capacity/usedSlots", "/queuing/backlogSize"),
    JOBS: ("/capacity/pendingWorkflows", "/capacity/runningWorkflows"),
    LEASES: ("/health/components/2/status",),
}


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("fault", ["refused", "401", "403", "500", "429", "half a JSON", "HTML"])
async def test_each_watch_fails_by_itself(path: str, fault: str) -> None:
    healthy, harmed = busy(), busy()
    harmed.wire.fail(f"GET {path}$", FAULTS[fault])

    well, ill = await healthy.scrape(), await harmed.scrape()
    for scene in (healthy, harmed):
        await scene.collector.aclose()

    assert_null(ill.orchestrator, CALLS[path])
    (error,) = ill.orchestrator.health.errors
    assert error.source == f"watch {path.rsplit('/', 1)[1]}"
    if path != NODES:  # without nodes there are no pools to compare
        assert list(changed_to_something(well, ill)) == []
    assert [place for each in records_of(ill) for place in unexplained_nulls(each)] == []


@pytest.mark.parametrize("fault", ["401", "403", "429", "503", "cut", "refused"])
async def test_a_server_that_answers_nothing_usable_is_an_outage(fault: str) -> None:
    scene = busy()
    scene.wire.fail(EVERYWHERE, FAULTS[fault])

    with pytest.raises(CollectorError) as caught:
        await scene.scrape()
    await scene.collector.aclose()

    assert caught.value.code != CollectorError.code


async def test_an_object_that_makes_no_sense_is_told() -> None:
    scene = busy()
    await scene.scrape()
    scene.pod("odd", cpu="many")
    await wait_until(lambda: failing(scene))
    record = (await scene.collector.collect(scene.at)).orchestrator
    await scene.collector.aclose()

    assert_null(record, CALLS[PODS])
    assert "'many' is no quantity" in record.metadata.unavailable["/scheduling/queueDepth"]


async def test_environments_never_leave_the_server() -> None:
    scene = busy()
    await scene.scrape()
    happen(scene)
    batch = await scene.scrape()
    await scene.collector.aclose()

    assert not [each for each in batch.records() if "hunter2" in each.model_dump_json()]


@pytest.mark.parametrize(
    ("text", "amount"),
    [("250m", 0.25), ("1.5", 1.5), ("128Mi", 2**27), ("1e3", 1000), ("2k", 2000), ("1E", 1e18)],
)
def test_quantities(text: str, amount: float) -> None:
    assert quantity(text) == pytest.approx(amount)


@pytest.mark.parametrize(("suffix", "factor"), SUFFIXES.items())
def test_each_suffix_is_known(suffix: str, factor: float) -> None:
    assert quantity(f"16374896{suffix}") == pytest.approx(16374896 * factor)


@pytest.mark.parametrize(
    ("usage", "reason"),
    [({"cpu": "1", "memory": "much"}, "'much' is no quantity"), ({"cpu": "1"}, "does not tell")],
)
async def test_use_that_is_not_told_or_makes_no_sense_is_unknown(
    usage: dict[str, str], reason: str
) -> None:
    scene = busy()
    scene.server.usage = {"items": [{"metadata": {"name": "n1"}, "usage": usage}]}
    batch = await scene.scrape()
    await scene.collector.aclose()

    (n1, _) = pools_of(batch.pools)["general"].workers or ()
    assert n1.memory_usage is None
    assert n1.cpu_usage is None
    assert any(
        reason in each for each in pools_of(batch.pools)["general"].metadata.unavailable.values()
    )
    assert batch.orchestrator.capacity is not None
    assert batch.orchestrator.capacity.used_slots == 5


@pytest.mark.parametrize("text", ["", "many", "1Zi", "m"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        quantity(text)


def test_the_schedulers_message_is_taken_apart() -> None:
    message = (
        "0/5 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu, "
        "2 node(s) didn't match Pod's node affinity/selector. preemption: 0/5 nodes are available."
    )

    assert waiting_reasons(message) == {
        "were unschedulable": 1,
        "Insufficient cpu": 2,
        "didn't match Pod's node affinity/selector": 2,
    }
    assert waiting_reasons("something else entirely") == {}


def pools_of(pools: tuple[WorkerPoolMetrics, ...]) -> dict[str, WorkerPoolMetrics]:
    return {pool.pool_name: pool for pool in pools}
