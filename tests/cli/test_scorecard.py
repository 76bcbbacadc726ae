"""`woa scorecard` against a served API over a real database."""

import json
from datetime import timedelta

from tests.cli.conftest import Served
from tests.records import orchestrator_record


async def test_each_orchestrator_has_its_table(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        *(orchestrator_record(collected_at=now - timedelta(minutes=each)) for each in range(1, 4)),
        orchestrator_record(instance_id="other", collected_at=now - timedelta(minutes=1)),
    )
    answer = await served.woa("scorecard")
    one = await served.woa("scorecard", "orders")
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[0].startswith("temporal/eu-1/")
    assert sum("known metrics met" in line for line in lines) == 2
    assert sum("known metrics met" in line for line in one.out.splitlines()) == 1
    (uptime,) = [line.split() for line in one.out.splitlines() if line.startswith("uptime_ratio ")]
    assert uptime == ["uptime_ratio", "100%", ">", "0.95", "yes", "3"]
    assert (
        "scaling_accuracy_ratio: Share of scaling decisions whose target was right. Unknown: "
        in (one.out)
    )


async def test_as_json_it_is_what_the_api_answers(served: Served) -> None:
    await served.world.write(orchestrator_record(collected_at=served.world.clock.now))
    answer = await served.woa("scorecard", "-o", "json")

    (item,) = json.loads(answer.out)
    assert len(item["scorecard"]["metrics"]) == 9
