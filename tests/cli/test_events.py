"""`woa events` against a served API over a real database."""

import csv
import io
import json
from datetime import timedelta

from cli.exits import Exit
from tests.cli.conftest import Served
from tests.records import coordination_event, orchestrator_record, scheduling_decision


async def write(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        orchestrator_record(collected_at=now),
        *(
            scheduling_decision(f"run-{each}", decision_time=now - timedelta(minutes=each))
            for each in range(3)
        ),
        coordination_event(event_time=now),
    )


async def test_a_table_of_the_newest(served: Served) -> None:
    await write(served)
    answer = await served.woa("events", "orders", "--limit", "2")
    lines = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert lines[0].split() == ["TIME", "WORK", "OUTCOME", "WAITED", "WORKER"]
    assert len(lines) == 3
    assert " placed " in lines[1]
    assert " s " in lines[1]


async def test_coordination(served: Served) -> None:
    await write(served)
    answer = await served.woa("events", "orders", "--kind", "coordination")

    assert "leader_elected" in answer.out
    assert "node-1, node-2" in answer.out


async def test_files_have_all_of_them(served: Served) -> None:
    await write(served)
    one = await served.woa("events", "orders", "-o", "ndjson", "--limit", "1")
    other = await served.woa("events", "orders", "-o", "csv", "--since", "90s")

    found = [json.loads(line) for line in one.out.splitlines()]
    assert [each["kind"] for each in found] == ["scheduling_decision"] * 3
    assert len(list(csv.DictReader(io.StringIO(other.out)))) == 2


async def test_nothing_and_nonsense_are_said(served: Served) -> None:
    await served.world.write(orchestrator_record(collected_at=served.world.clock.now))
    nothing = await served.woa("events", "orders")
    wrong = await served.woa("events", "orders", "--since", "soon")

    assert nothing.out == "No scheduling events of temporal/eu-1/orders in the last 1h\n"
    assert wrong.code == Exit.FAILED
    assert "time_range" in wrong.err
