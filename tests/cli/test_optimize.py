"""`woa optimize` against a served API over a real database."""

import json
from datetime import timedelta

from contracts.orchestrator import QueueMetrics
from contracts.worker_pool import AutoScalingMetrics
from tests.cli.conftest import Served
from tests.records import (
    ORCHESTRATOR,
    load_balancing_record,
    orchestrator_record,
    pool_record,
    queue,
    worker,
)


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


async def test_what_to_set_of_a_queue_and_why_the_rest_is_kept(served: Served) -> None:
    now = served.world.clock.now
    busy = queue(ORCHESTRATOR, "billing", now, size=99, arrival_rate=2.0, processing_rate=1.0)
    await served.world.write(
        orchestrator_record(collected_at=now, queuing=QueueMetrics(queues=(busy,)))
    )
    answer = await served.woa("optimize", "queue", "billing")
    as_json = await served.woa("optimize", "queue", "billing", "--drain-s", "60", "-o", "json")
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[0] == "temporal/eu-1/orders/billing"
    assert {line.split()[0] for line in lines[2:5]} == {
        *("consumer_count", "batch_size", "retry_policy")
    }
    assert json.loads(as_json.out)["implementation_risk"]


async def test_the_algorithm_of_each_pool(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        orchestrator_record(collected_at=now),
        pool_record(collected_at=now),
        load_balancing_record(collected_at=now),
    )
    work = served.folder / "work.yaml"
    work.write_text("current_algorithm: random\nworker_speeds: {a: 1, b: 1}\nservice_cv2: 1\n")
    told = await served.woa("optimize", "balancing", "orders", "--work", str(work))
    plain = await served.woa("optimize", "balancing", "orders", "--pool", "workers")
    work.write_text("x")
    wrong = await served.woa("optimize", "balancing", "orders", "--work", str(work))

    assert told.out.splitlines()[:2] == [
        "temporal/eu-1/orders/orders-workers",
        "  least_connections instead of random",
    ]
    assert "  keep custom" in plain.out.splitlines()
    assert wrong.code == 2
    assert "expected settings, e.g. `service_cv2: 4`" in wrong.err


async def test_algorithms_and_why_the_current_one_is_kept(served: Served) -> None:
    await served.world.write(orchestrator_record(collected_at=served.world.clock.now))
    answer = await served.woa("optimize", "scheduling", "orders")
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[1].split()[:3] == ["ALGORITHM", "DECISIONS", "DAYS"]
    assert any(line.startswith("keep ") for line in lines)
    assert any(line.startswith("Insufficient evidence: no other") for line in lines)
