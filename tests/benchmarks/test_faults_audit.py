"""The auditor finds nothing where nothing is wrong, and every wrong that is planted."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import LiteralString

import psycopg

from agents.forwarder import RECORD_ID_HEADER, Forwarder
from agents.spool import Spool
from benchmarks.faults.audit import Findings, audit
from benchmarks.faults.expected import Expected, expected
from benchmarks.faults.producer import entry_of
from benchmarks.faults.traffic import REASONS, Load, Poison, Sent, Valid, duration, traffic
from bus.direct import DirectBus
from bus.port import Message, MessageTooLargeError
from contracts.dead_letter import DeadLetterRecord
from contracts.topics import PublishedRecord, Topic
from ingest.service import Ingest
from store.connection import open_pool
from store.write import Writer
from tests.records import NOON

RECORDS = 1_200
FIRST = "(SELECT id FROM orchestrator_metrics ORDER BY id LIMIT 1)"

TAMPERED: dict[LiteralString, Findings] = {
    f"DELETE FROM orchestrator_metrics WHERE id = {FIRST}": Findings(missing=1, unaccounted=1),
    f"UPDATE orchestrator_metrics SET id = gen_random_uuid() WHERE id = {FIRST}": Findings(
        missing=1, unaccounted=2
    ),
    "DELETE FROM queue_metrics WHERE id = (SELECT id FROM queue_metrics LIMIT 1)": Findings(
        missing=1
    ),
    f"""INSERT INTO orchestrator_metrics
        SELECT id, orchestrator_id, orchestrator_type, instance_id, cluster_name, health, capacity,
            scheduling, queuing, execution, resources, networking, persistence, metadata,
            collected_at + '1 s'
        FROM orchestrator_metrics WHERE id = {FIRST}""": Findings(duplicated=1),
    """UPDATE orchestrator_rollup_1h SET completed_workflows = completed_workflows + 1
        WHERE ctid = (SELECT ctid FROM orchestrator_rollup_1h LIMIT 1)""": Findings(
        wrong_rollups=1
    ),
    """UPDATE scheduling_latency_rollup_1m SET counts[1] = counts[1] + 1
        WHERE (orchestrator_id, time_bucket) = (
            SELECT orchestrator_id, time_bucket FROM scheduling_latency_rollup_1m LIMIT 1
        )""": Findings(wrong_rollups=1),
    """DELETE FROM queue_rollup_1m WHERE (queue_id, time_bucket) = (
        SELECT queue_id, time_bucket FROM queue_rollup_1m LIMIT 1)""": Findings(wrong_rollups=1),
    """UPDATE worker_pool_latest SET collected_at = collected_at - INTERVAL '15 s'
        WHERE pool_id = (SELECT pool_id FROM worker_pool_latest LIMIT 1)""": Findings(
        wrong_latest=1
    ),
    "UPDATE dead_letters SET reason = 'other' WHERE reason = 'unknown_schema'": Findings(
        wrong_dead_letters=2
    ),
}
"""Each with what must be found. What is missing is a message that cannot be explained, too; what
has no origin as well; a wrong reason is a letter too few and one too many."""


class Brokers(DirectBus):
    """As strict about size as brokers are; counts the names that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    async def publish(self, messages: Sequence[Message]) -> None:
        if any(len(message.value) > 1_000_000 for message in messages):
            raise MessageTooLargeError("over the limit")
        self.names.update(map(name_of, messages))
        await super().publish(messages)


def name_of(message: Message) -> str:
    if message.topic == Topic.DEAD_LETTERS.value:
        return DeadLetterRecord.model_validate_json(message.value).headers[RECORD_ID_HEADER]
    return message.headers[RECORD_ID_HEADER]


async def send(sent: Sequence[Sent], url: str, folder: Path) -> Counter[str]:
    """Through spool, forwarder and ingest into the database; returns what was on the bus."""
    records: list[PublishedRecord] = []
    poison: list[Message] = []
    for item in sent:
        if isinstance(item, Poison) and isinstance(item.content, Message):
            poison.append(item.content)
        else:
            records.append(item.record if isinstance(item, Valid) else item.content)  # type: ignore[arg-type]
    async with (
        Brokers() as brokers,
        await open_pool(url, application_name="test") as pool,
        Spool(folder / "spool.db") as spool,
    ):
        forwarder = Forwarder(spool, brokers)
        await forwarder.put(records, NOON)
        ingest = asyncio.create_task(Ingest(brokers, Writer(pool), utc_now=lambda: NOON).run())
        forwarding = asyncio.create_task(forwarder.run())
        await brokers.publish(poison)
        assert await forwarder.drained(240)
        for task in (forwarding, ingest):
            task.cancel()
        await asyncio.wait([forwarding, ingest])
    return brokers.names


def truth_of(sent: Sequence[Sent]) -> Expected:
    truth = expected(map(entry_of, sent))
    truth.handed_over |= truth.valid | truth.poison.keys()
    return truth


async def test_nothing_is_found_but_what_was_tampered_with(
    database_url: str, tmp_path: Path
) -> None:
    sent = list(traffic(Load(7, RECORDS, NOON - duration(RECORDS))))
    messages = await send(sent, database_url, tmp_path)
    truth = truth_of(sent)
    found = {}
    with psycopg.connect(database_url) as connection:
        clean = audit(connection, truth, messages, 0)
        for statement in TAMPERED:
            changed = connection.execute(statement).rowcount
            found[statement] = audit(connection, truth, messages, 0)
            connection.rollback()
            assert changed >= 1, statement
        left = audit(connection, truth, messages, 3)
        foreign = audit(connection, truth, messages + Counter(["nobody knows it"]), 0)
        lost = audit(connection, truth, Counter(dict.fromkeys(list(messages)[1:], 1)), 0)

    assert truth.kinds.keys() == REASONS.keys()
    assert len(truth.valid) == RECORDS
    assert clean == Findings()
    for statement, wanted in TAMPERED.items():
        assert found[statement] == wanted, statement
    assert (left.unaccounted, foreign.unaccounted, lost.unaccounted) == (3, 1, 1)
