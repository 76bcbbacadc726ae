"""`woa anomalies` against a served API over a real database."""

import json

from tests.api.test_anomalies import look
from tests.cli.conftest import Served
from tests.records import orchestrator_record, pool_record


async def test_who_is_odd_and_what_to_do(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        orchestrator_record(collected_at=now),
        pool_record(collected_at=now, workers=look(12, odd_cpu=3.0)),
    )
    answer = await served.woa("anomalies", "orders-workers")
    as_json = await served.woa("anomalies", "orders-workers", "-o", "json")
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[0] == "temporal/eu-1/orders/orders-workers"
    assert lines[2].startswith("0@h")
    assert lines[-1] == "1 of 12 workers that could be judged are odd"
    assert len(json.loads(as_json.out)["judgement"]["anomalies"]) == 1
