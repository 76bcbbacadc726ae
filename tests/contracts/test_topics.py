"""A record becomes a message and comes back equal; anything else has a reason."""

import json

import pytest

from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import (
    DecodeError,
    PublishedRecord,
    Topic,
    decode,
    encode,
    schema_of,
    topic_of,
)
from tests.records import orchestrator_record, outage_record, pool_record

SCHEMA = schema_of(Topic.ORCHESTRATOR_METRICS)


@pytest.mark.parametrize("record", [orchestrator_record(), outage_record(), pool_record()])
def test_a_record_comes_back_equal(record: PublishedRecord) -> None:
    topic = topic_of(record)

    assert decode(topic, schema_of(topic), encode(record)) == record


def test_names_on_the_wire_are_the_specifications() -> None:
    document = json.loads(encode(orchestrator_record()))

    assert {"orchestratorType", "instanceId", "clusterName", "collectedAt"} <= set(document)
    assert "healthScore" in document["health"]


def test_unknown_is_null_on_the_wire() -> None:
    document = json.loads(encode(outage_record()))

    assert document["capacity"] is None


def test_a_field_of_a_newer_writer_is_ignored() -> None:
    record = orchestrator_record()
    document = json.loads(encode(record)) | {"fieldOfTomorrow": 1}

    assert decode(topic_of(record), SCHEMA, json.dumps(document).encode()) == record


@pytest.mark.parametrize(
    ("topic", "schema", "value", "reason"),
    [
        ("nowhere", None, b"{}", "unknown_topic"),
        (Topic.ORCHESTRATOR_METRICS, "orchestrator-metrics/2.0", b"{}", "unknown_schema"),
        (Topic.ORCHESTRATOR_METRICS, "worker-pool-metrics/1.0", b"{}", "unknown_schema"),
        (Topic.ORCHESTRATOR_METRICS, SCHEMA, b"{", "not_json"),
        (Topic.ORCHESTRATOR_METRICS, SCHEMA, b"\xff\xfe", "not_json"),
        (Topic.ORCHESTRATOR_METRICS, SCHEMA, b"{}", "invalid_record"),
        (Topic.COMMANDS, None, b"{}", "unknown_topic"),
        (Topic.EVENTS, None, b'{"kind": "rain"}', "invalid_record"),
    ],
)
def test_what_is_no_record_has_a_reason(
    topic: str, schema: str | None, value: bytes, reason: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(topic, schema, value)

    assert caught.value.reason == reason


def test_a_nul_in_a_name_costs_the_character_and_not_the_record() -> None:
    document = orchestrator_record().to_wire()
    document["metadata"] |= {"source of tomorrow\0": {"names\0": ["a\0b"]}}
    wire = json.dumps(document | {"instanceId": "a\0b"}).encode()

    record = decode(Topic.ORCHESTRATOR_METRICS, SCHEMA, wire)

    assert isinstance(record, OrchestratorMetrics)
    assert record.instance_id == "a\ufffdb"
    assert b"u0000" not in encode(record)


@pytest.mark.parametrize("number", ["1e999", "NaN", "-1"])
def test_numbers_out_of_range_are_refused(number: str) -> None:
    document = encode(orchestrator_record()).decode()
    head, _, tail = document.partition('"capacityUtilization":')
    poison = head + '"capacityUtilization":' + number + tail[tail.index(",") :]

    with pytest.raises(DecodeError):
        decode(Topic.ORCHESTRATOR_METRICS, SCHEMA, poison.encode())
