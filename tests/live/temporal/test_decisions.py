"""Sampled decisions, balance and coordination, against what the server itself says."""

import pytest
from temporalio.client import Client

from agents.collector import Batch
from contracts.events import SchedulingDecision
from contracts.load_balancing import LoadBalancingMetrics
from tests.live.temporal.server import TemporalServer
from tests.live.temporal.test_scheduling import CLOCKS_MS, true_waits_ms
from tests.live.temporal.watch import eventually, start, watching, worker

pytestmark = pytest.mark.live


def decisions(batch: Batch) -> list[SchedulingDecision]:
    return [event for event in batch.events if isinstance(event, SchedulingDecision)]


def balance(batch: Batch) -> LoadBalancingMetrics:
    (record,) = batch.load_balancing
    return record


async def test_a_decision_is_that_of_the_history_and_the_same_when_met_again(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    async with watching(temporal_server, namespace) as collector:
        handles = await start(client, "Slow", "orders", 3, 20)
        with worker(temporal_server, namespace, "orders", identity="w7@test"):
            first = await eventually(collector, lambda it: len(decisions(it)) == 3)
            again = await eventually(collector, lambda it: len(decisions(it)) == 3)
            for handle in handles:  # an activity's start is written down when it has ended
                await handle.result()
            histories = {handle.id: (await true_waits_ms(handle))[1] for handle in handles}

    assert {each.id for each in decisions(first)} == {each.id for each in decisions(again)}
    for decision in decisions(first):
        waited_ms = histories[str(decision.decision_factors["workflowId"])]
        assert decision.scheduling_latency == pytest.approx(waited_ms, abs=CLOCKS_MS)
        assert decision.queue_time == decision.scheduling_latency
        assert decision.selected_worker == "w7@test"


async def test_a_full_worker_beside_an_idle_one_is_told(
    temporal_server: TemporalServer, namespace: str
) -> None:
    client = await Client.connect(temporal_server.address, namespace=namespace)
    async with watching(temporal_server, namespace) as collector:
        with worker(temporal_server, namespace, "orders", "--slots", "2", identity="full@test"):
            handles = await start(client, "Slow", "orders", 2, 600)

            def full(batch: Batch) -> bool:
                return list(balance(batch).distribution.worker_loads.values()) == [1.0]

            await eventually(collector, full, limit_s=120)
            with worker(temporal_server, namespace, "orders", "--slots", "2", identity="idle@test"):

                def beside(batch: Batch) -> bool:
                    loads = balance(batch).distribution.worker_loads.values()
                    return sorted(loads) == [0.0, 1.0]

                batch = await eventually(collector, beside, limit_s=120)
            for handle in handles:
                await handle.terminate()

    found = balance(batch)
    assert found.efficiency.fairness_index == pytest.approx(0.5)
    assert found.distribution.standard_deviation == pytest.approx(0.5)
    assert len(found.distribution.hotspots) == len(found.distribution.underutilized) == 1


async def test_all_shards_of_the_server_are_owned(
    temporal_server: TemporalServer, namespace: str
) -> None:
    async with watching(temporal_server, namespace) as collector:
        await eventually(collector, lambda _: True)
        batch = await eventually(collector, lambda _: True)

    found = batch.coordination
    assert found is not None
    assert found.partition_tolerance is not None
    assert found.partition_tolerance.shards == 1  # the dev server has one
    assert found.partition_tolerance.unowned_shards == 0
    assert found.leader_election is not None
    assert found.leader_election.election_count == 1
    assert found.conflict_resolution is not None
    assert found.conflict_resolution.conflicts is not None
