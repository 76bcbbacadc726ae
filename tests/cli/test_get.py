"""`woa get` against a served API over a real database."""

import json
from datetime import timedelta

import httpx
import pytest

from contracts.orchestrator import CapacityMetrics, Metadata, OrchestratorType
from tests.api.world import PREFIX, TOKEN
from tests.cli.conftest import Served
from tests.records import orchestrator_record, outage_record, pool_record, queue, worker


def row(table: str, name: str) -> list[str]:
    """The cells of the row that begins with `name`."""
    (line,) = [line for line in table.splitlines() if line.startswith(name)]
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


async def test_orchestrators_with_their_numbers(served: Served) -> None:
    now = served.world.clock.now
    record = orchestrator_record(collected_at=now - timedelta(seconds=5))
    await served.world.write(record)
    answer = await served.woa("get", "orchestrators")
    header, line = answer.out.splitlines()

    assert (answer.code, answer.err) == (0, "")
    assert header.split() == [
        "NAME", "STATUS", "SCORE", "USED", "BACKLOG", "WORKERS", "RUNNING", "OBSERVED",
    ]  # fmt: skip
    assert record.capacity
    assert record.queuing
    assert line.split("  ")[0] == "temporal/eu-1/orders"
    assert f" {record.capacity.active_workers} " in line
    assert f" {record.queuing.backlog_size} " in line
    assert line.endswith(" ago")


async def test_unknown_is_no_zero(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(orchestrator_record(collected_at=now, capacity=CapacityMetrics()))
    answer = await served.woa("get", "orchestrators")
    header, line = answer.out.splitlines()
    unknown = [header.index(name) + len(name) - 1 for name in ("USED", "WORKERS", "RUNNING")]

    assert [line[column] for column in unknown] == ["-", "-", "-"]


async def test_what_is_stale_has_its_age_and_a_summary(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        orchestrator_record(collected_at=now),
        orchestrator_record(
            instance_id="old", collected_at=now - timedelta(minutes=10, seconds=20)
        ),
    )
    answer = await served.woa("get", "orchestrators")

    assert row(answer.out, "temporal/eu-1/old")[-1].endswith("10m ago, stale")
    assert "1 of 2 not current (1 stale)" in answer.out
    assert "temporal/eu-1/old: No newer record has arrived" in answer.out


async def test_an_outage_says_its_reason(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(
        orchestrator_record(collected_at=now - timedelta(minutes=1)),
        outage_record(collected_at=now),
    )
    answer = await served.woa("get", "orchestrators")

    assert row(answer.out, "temporal/eu-1/orders")[1] == "critical"
    assert ", error" in answer.out
    assert "127.0.0.1:7233 did not answer" in answer.out


async def test_simulated_ones_are_marked_with_all_that_is_theirs(served: Served) -> None:
    now = served.world.clock.now
    record = orchestrator_record(collected_at=now, metadata=Metadata(simulated=True))
    await served.world.write(record, pool_record(collected_at=now))
    answers = [
        await served.woa("get", kind) for kind in ("orchestrators", "pools", "workers", "queues")
    ]
    rows = [line for answer in answers for line in answer.out.splitlines()[1:]]

    assert len(rows) > 4
    assert [line for line in rows if "(simulated)" not in line] == []


async def test_pools_and_their_workers(served: Served) -> None:
    now = served.world.clock.now
    pool = pool_record(collected_at=now)
    await served.world.write(orchestrator_record(collected_at=now), pool)
    pools = await served.woa("get", "pools")
    workers = await served.woa("get", "workers", "--pool", "orders-w")

    assert row(pools.out, "orders-workers")[1:3] == ["temporal/eu-1/orders", "3"]
    assert [line.split("  ")[0] for line in workers.out.splitlines()[1:]] == sorted(
        worker.id for worker in pool.workers or ()
    )


async def test_workers_of_one_status(served: Served) -> None:
    now = served.world.clock.now
    workers = (worker("a", now, status="failed"), worker("b", now, status="idle"))
    pool = pool_record(collected_at=now, workers=workers)
    await served.world.write(orchestrator_record(collected_at=now), pool)
    answer = await served.woa("get", "workers", "--status", "failed")

    assert [line.split()[0] for line in answer.out.splitlines()] == ["NAME", "a"]


async def test_a_status_that_there_is_not_is_told_by_the_server(served: Served) -> None:
    now = served.world.clock.now
    await served.world.write(orchestrator_record(collected_at=now), pool_record(collected_at=now))
    answer = await served.woa("get", "workers", "--status", "tired")

    assert answer.code == 1
    assert "query.status" in answer.err


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (("orchestrators",), "/orchestrators"),
        (("pools",), "/worker-pools"),
        (("queues", "--orchestrator", "orders"), "/queues"),
    ],
)
async def test_json_is_the_items_of_the_api(
    served: Served, command: tuple[str, ...], path: str
) -> None:
    now = served.world.clock.now
    await served.world.write(orchestrator_record(collected_at=now), pool_record(collected_at=now))
    answer = await served.woa("get", *command, "-o", "json")
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {TOKEN}"}) as client:
        expected = (await client.get(f"{served.url}{PREFIX}{path}")).json()["items"]

    assert json.loads(answer.out) == expected
    assert expected


async def test_workers_as_json_say_their_pool(served: Served) -> None:
    now = served.world.clock.now
    pools = [pool_record(collected_at=now, pool_name=name) for name in ("a", "b")]
    await served.world.write(orchestrator_record(collected_at=now), *pools)
    answer = await served.woa("get", "workers", "-o", "json")

    assert {item["poolId"] for item in json.loads(answer.out)} == {
        str(pool.pool_id) for pool in pools
    }


async def test_every_page_is_read(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.api_client.PAGE_ITEMS", 2)
    now = served.world.clock.now
    names = [f"instance-{number}" for number in range(5)]
    await served.world.write(
        *(orchestrator_record(instance_id=name, collected_at=now) for name in names)
    )
    answer = await served.woa("get", "orchestrators", "-o", "json")

    assert [item["instanceId"] for item in json.loads(answer.out)] == names


@pytest.mark.parametrize("wanted", ["temporal/eu-1/orders", "ORDERS", "ord", "rders", "{id}"])
async def test_a_name_stands_for_an_id(served: Served, wanted: str) -> None:
    now = served.world.clock.now
    record = orchestrator_record(collected_at=now)
    await served.world.write(record, orchestrator_record(instance_id="bills", collected_at=now))
    wanted = wanted.format(id=record.orchestrator_id)
    answer = await served.woa("get", "queues", "--orchestrator", wanted, "-o", "json")

    assert {item["orchestratorId"] for item in json.loads(answer.out)} == {
        str(record.orchestrator_id)
    }


async def test_a_whole_name_goes_before_names_that_begin_with_it(served: Served) -> None:
    now = served.world.clock.now
    for name in ("orders", "orders-2"):
        await served.world.write(orchestrator_record(instance_id=name, collected_at=now))
    answer = await served.woa("get", "orchestrators", "orders", "-o", "json")

    assert [item["instanceId"] for item in json.loads(answer.out)] == ["orders"]


async def test_an_ambiguous_name_lists_the_candidates(served: Served) -> None:
    now = served.world.clock.now
    types = (OrchestratorType.TEMPORAL, OrchestratorType.AIRFLOW)
    records = [orchestrator_record(orchestrator_type=kind, collected_at=now) for kind in types]
    await served.world.write(*records)
    answer = await served.woa("get", "queues", "--orchestrator", "orders")

    assert answer.code == 2
    assert all(str(record.orchestrator_id) in answer.err for record in records)
    assert all(f"{kind}/eu-1/orders" in answer.err for kind in types)


async def test_a_name_that_fits_nothing_lists_what_there_is(served: Served) -> None:
    await served.world.write(orchestrator_record(collected_at=served.world.clock.now))
    answer = await served.woa("get", "orchestrators", "nowhere")

    assert answer.code == 1
    assert "temporal/eu-1/orders" in answer.err


async def test_nothing_yet_is_no_error(served: Served) -> None:
    answer = await served.woa("get", "pools")

    assert (answer.code, answer.out) == (0, "No pools\n")


async def test_a_name_does_not_steer_the_terminal(served: Served) -> None:
    now = served.world.clock.now
    record = orchestrator_record(collected_at=now)
    evil = queue(record.orchestrator_id, "\x1b[2Jgone\u202e", now)
    assert record.queuing
    queuing = record.queuing.model_copy(update={"queues": (evil,)})
    await served.world.write(record.model_copy(update={"queuing": queuing}))
    answer = await served.woa("get", "queues")

    assert "gone" in answer.out
    assert not {"\x1b", "\u202e"} & set(answer.out)


async def test_a_wrong_token_names_the_fix(served: Served) -> None:
    answer = await served.woa("get", "queues", WOA_TOKEN="woa_pat_wrong")

    assert answer.code == 1
    assert "WOA_TOKEN" in answer.err
    assert "woa_pat_wrong" not in answer.err + answer.out


async def test_a_missing_token_is_a_usage_error(served: Served) -> None:
    answer = await served.woa("get", "queues", WOA_TOKEN="")

    assert answer.code == 2
    assert "set WOA_TOKEN" in answer.err


async def test_a_server_that_is_away_is_named(served: Served) -> None:
    answer = await served.woa("get", "queues", WOA_URL="http://127.0.0.1:1")

    assert answer.code == 1
    assert "http://127.0.0.1:1" in answer.err
    assert "WOA_URL" in answer.err
    assert len(answer.err.splitlines()) == 1
