"""`woa optimize` against a served API over a real database."""

import json
from datetime import timedelta

from contracts.worker_pool import AutoScalingMetrics
from tests.cli.conftest import Served
from tests.records import orchestrator_record, pool_record, worker


async def write_pool(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(orchestrator_record(collected_at=now))
    await served.world.write(
        *(
            pool_record(
                collected_at=now - timedelta(minutes=minute),
                total_workers=4,
                resource_usage={"total_slots": 40, "used_slots": 38},
                scaling=AutoScalingMetrics(),
                workers=tuple(worker(f"{number}@one-host") for number in range(4)),
            )
            for minute in range(1, 90)
        )
    )


async def test_the_sides_of_a_pool_and_what_to_do_first(served: Served) -> None:
    await write_pool(served)
    answer = await served.woa("optimize", "pool", "orders-workers")
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[0] == "temporal/eu-1/orders/orders-workers"
    (size,) = [line for line in lines if line.startswith("size_optimization")]
    assert size.split()[:3] == ["size_optimization", "4", "5"]
    assert "efficiency: 95% now, 76% expected" in lines
    assert "worker hours a day: 96.0 now, 120.0 expected" in lines
    assert lines[-1].startswith("2. Set the pool to 5 workers. Bursts wait less.")


async def test_as_json_it_is_what_the_api_answers(served: Served) -> None:
    await write_pool(served)
    answer = await served.woa("optimize", "pool", "orders-workers", "-o", "json", "--since", "2h")

    assert json.loads(answer.out)["optimizations"]["size_optimization"]["recommended"] == 5
