"""Scheduling algorithms compared by what is stored of them."""

from datetime import timedelta

import httpx
import pytest

from contracts.orchestrator import LatencyHistogram, SchedulingPerformance
from contracts.topics import PublishedRecord
from tests.api.world import PREFIX, World
from tests.records import NOON, ORCHESTRATOR, orchestrator_record

URL = f"{PREFIX}/orchestrators/{ORCHESTRATOR}/optimize-scheduling"
DAYS = 8


def scheduling(algorithm: str, wait_ms: float) -> SchedulingPerformance:
    """Twenty decisions that waited so long each, and five that failed."""
    histogram = LatencyHistogram(bounds_ms=(10.0,), counts=(0, 20), sum_ms=20 * wait_ms)
    return SchedulingPerformance(
        scheduling_algorithm=algorithm,
        latency_histogram=histogram,
        scheduling_throughput=0.5,
        scheduling_failures=5,
    )


async def write_days(world: World, better: float) -> None:
    """Two algorithms take turns every half hour; the second one waits `better` times as long."""
    records: list[PublishedRecord] = [
        orchestrator_record(
            collected_at=NOON - timedelta(hours=hour, minutes=minute),
            scheduling=scheduling(name, 1000 * factor * (1 + hour % 7)),
        )
        for hour in range(24 * DAYS)
        for name, minute, factor in (("plain", 5, 1.0), ("clever", 35, better))
    ]
    records.append(orchestrator_record(collected_at=NOON, scheduling=scheduling("plain", 1000.0)))
    records.append(orchestrator_record(collected_at=NOON - timedelta(minutes=50), scheduling=None))
    await world.write(*records)
    world.clock.now = NOON


async def test_the_one_that_surely_waits_less_is_recommended(
    world: World, client: httpx.AsyncClient
) -> None:
    await write_days(world, better=0.5)
    answer = await client.post(URL)
    found = answer.json()

    assert answer.status_code == 200
    assert (found["current_algorithm"], found["recommended_algorithm"]) == ("plain", "clever")
    assert found["expected_improvement"] == pytest.approx(0.5, abs=0.02)
    measured = found["performance_comparison"]["clever"]
    assert measured["decisions"] == 20 * 24 * DAYS
    assert (measured["throughput"], measured["efficiency"]) == (0.5, 0.8)
    (comparison,) = found["comparisons"]
    assert comparison["pairing"] == "same_hours"
    short = (await client.post(URL, params={"time_range": "1d"})).json()
    assert short["reason"].startswith("Insufficient evidence.")


async def test_one_algorithm_alone_is_insufficient_evidence(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.write(orchestrator_record(scheduling=scheduling("plain", 5.0)))
    world.clock.now = NOON
    work = {"worker_speeds": {"a": 1, "b": 1}, "utilization_ratio": 0.7, "service_cv2": 1}
    found = (await client.post(URL, json=work)).json()

    assert found["recommended_algorithm"] == "plain"
    assert found["reason"] == (
        "Insufficient evidence: no other algorithm than plain was ever used."
    )
    assert {each["algorithm"] for each in found["simulated"]} == {"round_robin", "least_loaded"}
    assert found["evidence"][0].startswith("Simulated, not measured")


async def test_what_is_asked_wrongly_is_refused(world: World, client: httpx.AsyncClient) -> None:
    assert (await client.post(URL)).status_code == 404
    await world.write(orchestrator_record())
    assert (await client.post(URL, params={"time_range": "32d"})).status_code == 422
    assert (await client.post(URL, json={"current_algorithm": "random"})).status_code == 422
