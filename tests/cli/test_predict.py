"""`woa predict` against a served API over a real database."""

import json
from datetime import datetime, timedelta

from contracts.orchestrator import CapacityMetrics
from tests.cli.conftest import Served
from tests.records import orchestrator_record, pool_record

HOURS = 4 * 24


async def write_days(served: Served) -> datetime:
    """100 slots of which 50 are used, and 70 in the afternoons; the end of them."""
    end = served.world.clock.now.replace(minute=0, second=0, microsecond=0)
    moments = [end - timedelta(hours=HOURS - hour, minutes=-30) for hour in range(HOURS)]
    await served.world.write(
        *(
            orchestrator_record(
                collected_at=at,
                capacity=CapacityMetrics(
                    used_slots=50 if at.hour < 12 else 70, pending_workflows=0, total_slots=60
                ),
            )
            for at in moments
        )
    )
    return end


async def test_a_forecast_is_told_with_its_ground(served: Served) -> None:
    end = await write_days(served)
    answer = await served.woa("predict", "capacity", "orders", "--hours", "24")
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[0] == "temporal/eu-1/orders"
    assert lines[1].startswith("recommended capacity: ")
    assert any(line.startswith("crosses capacity (60.0 slots): expected ") for line in lines)
    assert any("slots on average over" in line for line in lines)
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["HOUR", "DEMAND", "LOWEST", "HIGHEST"]
    assert len(table) == 25
    assert table[1].startswith(f"{end:%Y-%m-%d %H:%M}Z")


async def test_as_json_it_is_what_the_api_answers(served: Served) -> None:
    await write_days(served)
    answer = await served.woa("predict", "capacity", "orders", "-o", "json")
    forecast = json.loads(answer.out)

    assert len(forecast["predicted_demand"]) == len(forecast["confidence_intervals"]) == 24


async def test_without_enough_history_it_says_so(served: Served) -> None:
    await served.world.write(orchestrator_record(collected_at=served.world.clock.now))
    answer = await served.woa("predict", "capacity", "orders")

    assert answer.code == 0
    assert "no forecast: " in answer.out
    assert "DEMAND" not in answer.out


async def test_workers_are_told_with_their_ground(served: Served) -> None:
    now = served.world.clock.now
    moments = [now - timedelta(minutes=minute) for minute in range(60, 0, -1)]
    performance = {"throughput": 2.0, "avg_task_duration": 1000.0}
    usage = {"total_slots": 5, "used_slots": 2}
    await served.world.write(
        orchestrator_record(collected_at=moments[0]),
        *(
            pool_record(
                collected_at=at, total_workers=5, resource_usage=usage, performance=performance
            )
            for at in moments
        ),
    )
    arguments = ("predict", "workers", "orders-workers", "--target-wait-s", "0.5")
    answer = await served.woa(*arguments, "--price", "0.5")
    as_json = await served.woa(*arguments, "-o", "json")

    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "temporal/eu-1/orders/orders-workers"
    assert lines[1] == "needed: 3 workers, there are 5"
    assert lines[2] == "work then waits 0.4 s on average"
    assert lines[3].startswith("scale_down 5 -> 3 at ")
    assert "the next hour costs -1.00 more than with those there" in lines
    assert any("stands in for it" in line for line in lines)
    assert json.loads(as_json.out)["required_workers"] == 3


async def test_a_wait_is_told_or_why_not(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        *(orchestrator_record(collected_at=now - timedelta(minutes=each)) for each in range(5))
    )
    name = (await served.woa("get", "queues")).out.splitlines()[1].split()[0]
    answer = await served.woa("predict", "wait", name, "--ahead", "3")
    as_json = await served.woa("predict", "wait", name, "-o", "json")

    assert (answer.code, answer.err) == (0, "")
    assert "unknown: " in answer.out
    assert answer.out.splitlines()[-1].startswith("confidence: ")
    assert json.loads(as_json.out)["eta_s"] is None
