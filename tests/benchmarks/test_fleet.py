"""The fleet of the benchmarks: as many orchestrators as asked for, each with ids of its own."""

from datetime import UTC, datetime, timedelta

from benchmarks.fleet import Fleet
from contracts.topics import decode, encode, schema_of, topic_of

START = datetime(2026, 11, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_each_orchestrator_speaks_once_a_step() -> None:
    fleet = Fleet(100, START)
    steps = list(fleet.records(3, HOUR))

    assert [len(records) for records in steps] == [100, 100, 100]
    for number, records in enumerate(steps, start=1):
        assert {record.orchestrator_id for record in records} == set(fleet.owners)
        assert {record.collected_at for record in records} == {START + number * HOUR}


def test_ids_are_each_ones_own() -> None:
    records = [record for step in Fleet(60, START).records(2, HOUR) for record in step]
    queues = {
        (record.orchestrator_id, queue.id)
        for record in records
        for queue in (record.queuing and record.queuing.queues) or ()
    }

    assert len({record.id for record in records}) == len(records)
    assert len({queue for _, queue in queues}) == len(queues)


def test_every_record_is_valid_on_the_wire_and_marked() -> None:
    for records in Fleet(30, START).records(2, HOUR):
        for record in records:
            topic = topic_of(record)
            assert decode(topic.value, schema_of(topic), encode(record)) == record
            assert record.metadata.simulated
