"""A real Kafka broker for the live tests."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kafka_broker import KafkaBroker
from benchmarks.kafka_source import kafka_source
from bus.kafka_settings import KafkaSettings
from tests.requirements import require_or_skip


def new_broker(folder: Path) -> KafkaBroker:
    """A broker that is not started yet; skips where there is none."""
    source = kafka_source()
    if source is None:
        require_or_skip("live", "there is no Kafka broker: make kafka (needs Java 17 and Maven)")
    return KafkaBroker(folder, source)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaBroker]:
    """One broker for all tests; each takes topics and a group of its own."""
    broker = new_broker(tmp_path_factory.mktemp("kafka"))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def lone_kafka(tmp_path: Path) -> Iterator[KafkaBroker]:
    """A broker that the test may stop, kill and start."""
    broker = new_broker(tmp_path)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def settings_for(broker: KafkaBroker, **changes: object) -> KafkaSettings:
    """Settings of a group that no other test is in."""
    values = {"bootstrap_servers": broker.address, "group_id": f"test-{uuid.uuid4()}"}
    return KafkaSettings.model_validate(values | changes)
