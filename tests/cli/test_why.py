"""`woa why` against a served API over a real database."""

import json

from contracts.orchestrator import QueueMetrics
from contracts.worker_pool import WorkerStatus
from tests.cli.conftest import Served
from tests.records import ORCHESTRATOR, orchestrator_record, pool_record, queue, worker


async def write_busy_pool(served: Served) -> None:
    """Nine wait for the only worker of their pool."""
    now = served.world.clock.now
    waiting = queue(ORCHESTRATOR, "orders", now, size=9)
    empty = queue(ORCHESTRATOR, "quiet", now, size=0)
    await served.world.write(
        orchestrator_record(collected_at=now, queuing=QueueMetrics(queues=(waiting, empty))),
        pool_record(
            collected_at=now,
            pool_name="orders",
            workers=(worker("w@app-1", now, status=WorkerStatus.BUSY, used_slots=100),),
        ),
    )


async def test_a_sentence_with_its_evidence(served: Served) -> None:
    await write_busy_pool(served)
    everything, one = await served.woa("why"), await served.woa("why", "orders")
    quiet = await served.woa("why", "--queue", "quiet")

    assert (everything.code, everything.err) == (0, "")
    assert everything.out == one.out
    assert everything.out.splitlines() == [
        "9 tasks wait in orders of temporal/eu-1/orders, the oldest for 42 s, because the only "
        "worker of orders is full (100 of 100 slots); not known: what the workers of orders run "
        "on (no Kubernetes agent tells of pods).",
        "  temporal/eu-1/orders, workers orders: workers_alive 1, workers_gone 0, workers_full 1, "
        "used_slots 100, total_slots 100",
        "  confidence: medium",
    ]
    assert quiet.out == "temporal/eu-1/orders/quiet: Nothing waits.\n"


async def test_as_json_it_is_what_the_api_answers(served: Served) -> None:
    await write_busy_pool(served)
    answer = await served.woa("why", "--queue", "orders/orders", "-o", "json")

    (item,) = json.loads(answer.out)
    assert item["causes"][0]["waiting"] == 9


async def test_nobody_is_there(served: Served) -> None:
    assert (await served.woa("why")).out == "No orchestrators\n"
