"""Kafka in Docker, with a stand-in for Docker's client that runs the same programs from the jars.

It shows that the broker starts, dies, comes back with its data and stops by the commands that it
gives to Docker; that Docker understands them needs an engine.
"""

import os
import signal
import stat
import sys
import uuid
from pathlib import Path

import pytest

from benchmarks.kafka_broker import KafkaBroker
from benchmarks.kafka_source import Image, Jars, kafka_source
from bus.kafka import KafkaPublisher
from bus.kafka_topics import create_topics, topic_states
from tests.bus.contract import message
from tests.live.kafka.conftest import settings_for
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

DOCKER = """#!{python}
import os, pathlib, signal, sys

words = sys.argv[1:]
notes = pathlib.Path({notes!r})
if words[0] == "kill":
    os.kill(int((notes / words[1]).read_text()), signal.SIGKILL)
elif words[0] == "run":
    (notes / words[words.index("--name") + 1]).write_text(str(os.getpid()))
    image = words.index("apache/kafka:4.3.1")
    assert words[image - 1] == "/opt/kafka/bin/kafka-run-class.sh"
    volume, _, inside = words[words.index("--volume") + 1].partition(":")
    assert volume == inside
    os.execvp("java", ["java", "-Xmx384m", "-cp", {jars!r} + "/*", *words[image + 1:]])
"""


@pytest.fixture
def no_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with Docker and without the jars."""
    jars = kafka_source()
    if not isinstance(jars, Jars):
        require_or_skip("live", "there is no Kafka broker: make kafka (needs Java 17 and Maven)")
    notes, programs = tmp_path / "notes", tmp_path / "programs"
    for folder in (notes, programs):
        folder.mkdir()
    docker = programs / "docker"
    docker.write_text(
        DOCKER.format(python=sys.executable, notes=str(notes), jars=str(jars.libraries))
    )
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("WOA_KAFKA_JARS", str(tmp_path / "none"))


@pytest.mark.usefixtures("no_jars")
async def test_a_broker_in_docker_dies_and_comes_back_with_its_data(tmp_path: Path) -> None:
    source = kafka_source()
    assert source == Image()
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = KafkaBroker(folder, source)
    topic = f"test-{uuid.uuid4()}"
    settings = settings_for(broker)
    try:
        broker.start()
        await create_topics(settings, [topic], 1, 1)
        broker.stop(signal.SIGKILL)
        broker.start()
        async with KafkaPublisher(settings) as publisher:
            await publisher.publish([message("one", topic=topic)])
        states = await topic_states(settings, [topic])
    finally:
        broker.stop()

    assert [state.partitions for state in states] == [1]


def test_without_jars_and_engine_there_is_no_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WOA_KAFKA_JARS", str(tmp_path))

    assert kafka_source() is None
