"""Orchestrators: list, health, capacity, scheduling, and how fresh each is."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from analytics.health import score_health
from contracts.orchestrator import (
    CapacityMetrics,
    LatencyHistogram,
    Metadata,
    OrchestratorMetrics,
    QueueMetrics,
    SchedulingPerformance,
)
from tests.api.world import PREFIX, World
from tests.records import NOON, orchestrator_record, outage_record

REASON = "127.0.0.1:7233 did not answer within 10 s"
LATER = NOON + timedelta(seconds=15)


def url(record: OrchestratorMetrics, part: str) -> str:
    return f"{PREFIX}/orchestrators/{record.orchestrator_id}/{part}"


async def test_list_shows_the_numbers_of_the_newest_record(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    await world.write(record)
    body = (await client.get(f"{PREFIX}/orchestrators")).json()

    assert body == {
        "items": [
            {
                "id": str(record.orchestrator_id),
                "orchestratorType": "temporal",
                "instanceId": "orders",
                "clusterName": "eu-1",
                "simulated": False,
                "firstSeen": "2026-03-14T12:00:00Z",
                "lastSeen": "2026-03-14T12:00:00Z",
                "observedAt": "2026-03-14T12:00:00Z",
                "state": "ok",
                "reason": None,
                "status": "degraded",
                "healthScore": 0.84,
                "capacityUtilization": 0.4667,
                "backlogSize": 85,
                "activeWorkers": 3,
                "runningWorkflows": 118,
            }
        ],
        "nextCursor": None,
    }


async def test_list_is_complete_page_by_page(world: World, client: httpx.AsyncClient) -> None:
    names = ["c", "a", "ü/ß", "b"]
    await world.write(*(orchestrator_record(instance_id=name) for name in names))
    found, cursor = [], ""
    while cursor is not None:
        params = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
        body = (await client.get(f"{PREFIX}/orchestrators", params=params)).json()
        found += [item["instanceId"] for item in body["items"]]
        cursor = body["nextCursor"]

    assert found == sorted(names)


async def test_what_a_record_does_not_know_is_null_everywhere(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record(
        capacity=CapacityMetrics(),
        queuing=QueueMetrics(),
        scheduling=SchedulingPerformance(),
        metadata=Metadata(
            interval_s=15.0, unavailable={"/capacity/totalSlots": "no worker reports slots"}
        ),
    )
    await world.write(record)
    item = (await client.get(f"{PREFIX}/orchestrators")).json()["items"][0]
    capacity = (await client.get(url(record, "capacity"))).json()
    scheduling = (await client.get(url(record, "scheduling"))).json()
    numbers = ("capacityUtilization", "backlogSize", "activeWorkers", "runningWorkflows")

    assert [item[name] for name in numbers] == [None] * 4
    assert capacity["state"] == "ok"
    assert capacity["unavailable"] == {"/capacity/totalSlots": "no worker reports slots"}
    assert {v for k, v in capacity["capacity"].items() if k != "scalingMetrics"} == {None}
    for series in (capacity["series"], scheduling["series"]):
        columns = {name: values for name, values in series.items() if name != "t"}
        assert {value for values in columns.values() for value in values} == {None}


async def test_score_is_one_number_in_list_health_and_analysis(
    world: World, client: httpx.AsyncClient
) -> None:
    record = score_health(orchestrator_record(), None)
    await world.write(record)
    item = (await client.get(f"{PREFIX}/orchestrators")).json()["items"][0]
    health = (await client.get(url(record, "health"))).json()

    assert record.health.health_score is not None
    assert item["healthScore"] == record.health.health_score
    assert health["health"]["healthScore"] == record.health.health_score
    assert health["analysis"]["health_score"] == record.health.health_score
    assert item["status"] == health["health"]["status"] == health["analysis"]["health_status"]


async def test_analysis_of_an_outage_does_not_use_what_was_known_before(
    world: World, client: httpx.AsyncClient
) -> None:
    outage = score_health(outage_record(collected_at=LATER), None)
    await world.write(score_health(orchestrator_record(), None), outage)
    health = (await client.get(url(outage, "health"))).json()

    assert health["analysis"]["health_score"] == outage.health.health_score
    assert health["analysis"]["health_status"] == "critical"
    assert health["analysis"]["capacity_analysis"]["total_slots"] is None


async def test_health_block_is_the_record_s(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    await world.write(record)
    body = (await client.get(url(record, "health"))).json()

    assert body["health"] == record.health.to_wire()
    assert body["orchestratorId"] == str(record.orchestrator_id)
    assert body["observedAt"] == "2026-03-14T12:00:00Z"
    assert (body["state"], body["reason"]) == ("ok", None)


async def test_analysis_has_the_keys_of_the_specification(
    world: World, client: httpx.AsyncClient
) -> None:
    record = score_health(orchestrator_record(), None)
    await world.write(record)
    analysis = (await client.get(url(record, "health"))).json()["analysis"]

    assert analysis.keys() >= {
        "health_score",
        "health_status",
        "component_analysis",
        "capacity_analysis",
        "scheduling_efficiency",
        "queue_health",
        "bottlenecks",
        "recommendations",
    }


async def test_old_values_are_stale_and_say_so(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    await world.write(record)
    world.clock.advance(seconds=46)
    item = (await client.get(f"{PREFIX}/orchestrators")).json()["items"][0]
    frames = [(await client.get(url(record, part))).json() for part in ("health", "capacity")]
    reason = "No newer record has arrived; one is expected every 15 s."

    assert [(one["state"], one["reason"]) for one in (item, *frames)] == [("stale", reason)] * 3
    assert frames[1]["capacity"]["totalSlots"] == 300


async def test_an_outage_keeps_the_last_values_with_their_date_and_the_reason(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    await world.write(record, outage_record(collected_at=LATER))
    world.clock.advance(seconds=16)
    capacity = (await client.get(url(record, "capacity"))).json()

    assert (capacity["state"], capacity["reason"]) == ("error", REASON)
    assert capacity["observedAt"] == "2026-03-14T12:00:00Z"
    assert capacity["capacity"] == record.to_wire()["capacity"]
    assert capacity["unavailable"] == {"/capacity": REASON}


async def test_an_outage_shows_in_the_list_beside_dated_values(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.write(orchestrator_record(), outage_record(collected_at=LATER))
    world.clock.advance(seconds=16)
    item = (await client.get(f"{PREFIX}/orchestrators")).json()["items"][0]

    assert (item["state"], item["reason"], item["status"]) == ("error", REASON, "critical")
    assert item["observedAt"] == "2026-03-14T12:00:00Z"
    assert item["lastSeen"] == "2026-03-14T12:00:15Z"
    assert item["runningWorkflows"] == 118
    assert item["backlogSize"] == 85


async def test_an_outage_from_the_beginning_has_no_values_and_no_date(
    world: World, client: httpx.AsyncClient
) -> None:
    outage = outage_record()
    await world.write(outage)
    item = (await client.get(f"{PREFIX}/orchestrators")).json()["items"][0]
    capacity = (await client.get(url(outage, "capacity"))).json()

    for one in (item, capacity):
        assert (one["state"], one["reason"], one["observedAt"]) == ("error", REASON, None)
    assert item["runningWorkflows"] is None
    assert capacity["capacity"] is None


async def test_recovery_needs_no_help(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    back = orchestrator_record(collected_at=LATER + timedelta(seconds=15))
    await world.write(record, outage_record(collected_at=LATER), back)
    world.clock.advance(seconds=31)
    capacity = (await client.get(url(record, "capacity"))).json()

    assert (capacity["state"], capacity["reason"]) == ("ok", None)


async def test_a_section_that_one_record_lacks_is_an_error_of_its_own(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    metadata = Metadata(
        interval_s=15.0, partial=True, unavailable={"/queuing": "the queue call timed out"}
    )
    await world.write(
        record, orchestrator_record(collected_at=LATER, queuing=None, metadata=metadata)
    )
    item = (await client.get(f"{PREFIX}/orchestrators")).json()["items"][0]
    capacity = (await client.get(url(record, "capacity"))).json()
    queues = (await client.get(f"{PREFIX}/queues")).json()["items"]

    assert (item["state"], item["reason"]) == ("ok", "the queue call timed out")
    assert item["backlogSize"] is None
    assert capacity["state"] == "ok"
    assert {queue["state"] for queue in queues} == {"error"}


async def test_what_is_never_reported_is_unsupported(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record(
        capacity=None,
        metadata=Metadata(interval_s=15.0, unavailable={"/capacity": "a queue has no slots"}),
    )
    await world.write(record)
    body = (await client.get(url(record, "capacity"))).json()

    assert (body["state"], body["reason"]) == ("unsupported", "a queue has no slots")
    assert (body["observedAt"], body["capacity"]) == (None, None)


async def test_capacity_says_what_is_an_estimate(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    await world.write(record)
    capacity = (await client.get(url(record, "capacity"))).json()
    scheduling = (await client.get(url(record, "scheduling"))).json()

    assert capacity["estimated"] == ["/capacity/pendingWorkflows"]
    assert scheduling["estimated"] == []
    assert scheduling["unavailable"] == {
        "/scheduling/affinityViolations": "Temporal has no affinity"
    }


async def test_capacity_series_has_columns_of_one_length_with_null_gaps(
    world: World, client: httpx.AsyncClient
) -> None:
    record = orchestrator_record()
    await world.write(record, orchestrator_record(collected_at=NOON + timedelta(seconds=75)))
    world.clock.advance(seconds=80)
    body = (await client.get(url(record, "capacity"), params={"time_range": "2m"})).json()

    assert body["range"] == {
        "from": "2026-03-14T11:59:30Z",
        "to": "2026-03-14T12:01:30Z",
        "stepS": 30,
    }
    assert body["series"] == {
        "t": [1773489570000, 1773489600000, 1773489630000, 1773489660000],
        "totalSlots": [None, 300, None, 300],
        "usedSlots": [None, 140, None, 140],
        "capacityUtilization": [None, 0.4667, None, 0.4667],
        "runningWorkflows": [None, 118, None, 118],
        "pendingWorkflows": [None, 25, None, 25],
        "completedWorkflows": [None, 46, None, 46],
        "failedWorkflows": [None, 2, None, 2],
    }


async def test_percentiles_are_read_from_merged_histograms(
    world: World, client: httpx.AsyncClient
) -> None:
    fast = LatencyHistogram(bounds_ms=(10.0, 100.0), counts=(90, 0, 0), sum_ms=450.0)
    slow = LatencyHistogram(bounds_ms=(10.0, 100.0), counts=(0, 10, 0), sum_ms=550.0)
    first = orchestrator_record(scheduling=SchedulingPerformance(latency_histogram=fast))
    second = orchestrator_record(
        collected_at=LATER, scheduling=SchedulingPerformance(latency_histogram=slow)
    )
    await world.write(first, second)
    world.clock.advance(seconds=20)
    body = (await client.get(url(first, "scheduling"), params={"time_range": "30s"})).json()
    series = body["series"]

    assert series["avgSchedulingLatency"] == [10.0]
    assert series["p50SchedulingLatency"] == [pytest.approx(10 * 50 / 90)]
    assert series["p95SchedulingLatency"] == [pytest.approx(10 + 90 * 5 / 10)]
    assert series["p99SchedulingLatency"] == [pytest.approx(10 + 90 * 9 / 10)]
    assert series["queueDepth"] == [None]


async def test_histograms_that_cannot_be_merged_leave_the_step_unknown(
    world: World, client: httpx.AsyncClient
) -> None:
    one = LatencyHistogram(bounds_ms=(10.0,), counts=(1, 0), sum_ms=5.0)
    other = LatencyHistogram(bounds_ms=(20.0,), counts=(1, 0), sum_ms=5.0)
    first = orchestrator_record(scheduling=SchedulingPerformance(latency_histogram=one))
    second = orchestrator_record(
        collected_at=LATER, scheduling=SchedulingPerformance(latency_histogram=other)
    )
    await world.write(first, second)
    world.clock.advance(seconds=20)
    response = await client.get(url(first, "scheduling"), params={"time_range": "30s"})

    assert response.status_code == 200
    assert response.json()["series"]["p95SchedulingLatency"] == [None]


async def test_max_points_bounds_every_column(world: World, client: httpx.AsyncClient) -> None:
    record = orchestrator_record()
    await world.write(record)
    params = {"time_range": "7d", "max_points": "10"}
    series = (await client.get(url(record, "capacity"), params=params)).json()["series"]

    assert {len(column) <= 10 for column in series.values()} == {True}


async def test_unknown_orchestrators_are_not_found(client: httpx.AsyncClient) -> None:
    for part in ("health", "capacity", "scheduling"):
        identity = uuid4()
        response = await client.get(f"{PREFIX}/orchestrators/{identity}/{part}")

        assert response.status_code == 404
        assert response.json()["code"] == "orchestrator_not_found"
        assert str(identity) in response.json()["detail"]
