"""A kubelet or an API server that fails: an outage with its reason, never a zero."""

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agents.collector import (
    BadResponseError,
    CollectorError,
    UnauthorizedError,
    UnreachableError,
)
from agents.forwarder import Forwarder
from agents.http_api import ThrottledError
from agents.runner import AgentRunner, Surroundings
from agents.spool import Spool
from bus.direct import DirectBus
from contracts.topics import decode
from contracts.worker_usage import USAGES, WorkerUsage
from tests.agents.http_faults import FAULTS, NOT_FOUND
from tests.agents.kubernetes.node.scenes import KUBELET, NODE, UID, Scene

EXPECTED: dict[str, type[CollectorError]] = {
    "refused": UnreachableError,
    "cut": UnreachableError,
    "401": UnauthorizedError,
    "403": UnauthorizedError,
    "429": ThrottledError,
    "503": ThrottledError,
}


def usages(record: WorkerUsage) -> tuple[float | None, ...]:
    return tuple(getattr(record, name) for name in USAGES)


def reader_of(scene: Scene) -> Any:
    """As a runner takes it: of no settings in particular."""
    return scene.collector


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_a_kubelet_that_fails_is_an_outage(fault: str) -> None:
    scene = Scene()
    scene.wire.fail(KUBELET, FAULTS[fault])

    with pytest.raises(EXPECTED.get(fault, BadResponseError)) as caught:
        await scene.scrape()

    batch = scene.collector.outage(caught.value.code, str(caught.value), scene.at)
    assert scene.wire.struck[KUBELET] == 1
    assert batch is not None
    assert usages(batch.usage) == (None,) * 4
    assert batch.usage.worker_id == UID
    assert len(batch.usage.metadata.unavailable) == 4
    assert all(caught.value.code in why for why in batch.usage.metadata.unavailable.values())


async def test_a_kubelet_that_hangs_is_an_outage() -> None:
    scene = Scene({"call_timeout_s": 0.05})
    scene.wire.hang(KUBELET)

    with pytest.raises(UnreachableError, match="no answer within"):
        await scene.scrape()


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_what_is_known_of_the_node_outlives_the_api_server(fault: str) -> None:
    scene = Scene({"facts_interval_s": 1})
    healthy = (await scene.scrape()).usage
    scene.wire.fail(NODE, FAULTS[fault])
    scene.server.sample(scene.at)

    record = (await scene.scrape()).usage

    assert scene.wire.struck[NODE] == 1
    assert record.metadata.partial
    (error,) = (record.metadata.model_extra or {})["kubernetes"]["errors"]
    assert error.startswith("node failed: ")
    assert usages(record)[:3] == usages(healthy)[:3]


@pytest.mark.parametrize("fault", sorted(FAULTS))
async def test_a_node_never_heard_of_has_no_outage_to_publish(fault: str) -> None:
    scene = Scene()
    scene.wire.fail(NODE, FAULTS[fault])

    with pytest.raises(CollectorError) as caught:
        await scene.scrape()

    assert caught.value.code != CollectorError.code
    assert scene.collector.outage(caught.value.code, str(caught.value), scene.at) is None
    assert scene.wire.requests == [NODE]


async def test_a_node_that_is_not_there_is_said() -> None:
    scene = Scene()
    scene.wire.fail(NODE, NOT_FOUND)

    with pytest.raises(CollectorError, match="node: HTTP 404"):
        await scene.scrape()


async def test_the_kubelet_is_left_alone_for_as_long_as_it_says() -> None:
    scene = Scene()
    scene.wire.fail(KUBELET, FAULTS["429"])
    for _ in range(3):
        with pytest.raises(ThrottledError):
            await scene.scrape()

    assert scene.wire.struck[KUBELET] == 2


async def test_an_hour_between_the_clocks_makes_nothing_old() -> None:
    scene = Scene()
    kubelet_now = scene.at + timedelta(hours=1)
    scene.wire.dated(kubelet_now)
    scene.server.sample(kubelet_now)

    record = (await scene.scrape()).usage

    assert record.metadata.unavailable.keys() == {"/networkUsage"}
    assert (record.metadata.model_extra or {})["kubernetes"]["clockSkewS"] == pytest.approx(
        3600, abs=3
    )


async def test_the_runner_publishes_usage_and_outage(tmp_path: Path) -> None:
    scene = Scene()
    published: list[WorkerUsage] = []

    async def never(_: float) -> None:
        raise AssertionError("a tick does not sleep")

    around = Surroundings(lambda: scene.at, lambda: 0.0, never, Random(0))
    async with Spool(tmp_path / "spool.db") as spool, DirectBus() as bus:
        runner = AgentRunner(reader_of(scene), Forwarder(spool, bus), around)
        await runner.tick()
        scene.wire.fail(KUBELET, FAULTS["refused"])
        scene.at += timedelta(seconds=15)
        await runner.tick()
        for spooled in await spool.head(10):
            message = spooled.message
            record = decode(message.topic, message.headers["woa-schema"], message.value)
            assert isinstance(record, WorkerUsage)
            published.append(record)

    well, ill = published
    assert None not in usages(well)[:3]
    assert usages(ill) == (None,) * 4
    assert "unreachable: summary: connection refused" in ill.metadata.unavailable["/cpuUsage"]
    assert runner.stats.failures == {"unreachable": 1}


async def test_the_runner_publishes_nothing_of_a_node_without_an_id(tmp_path: Path) -> None:
    scene = Scene()
    scene.wire.fail(NODE, FAULTS["refused"])

    async def never(_: float) -> None:
        raise AssertionError("a tick does not sleep")

    around = Surroundings(lambda: scene.at, lambda: 0.0, never, Random(0))
    async with Spool(tmp_path / "spool.db") as spool, DirectBus() as bus:
        runner = AgentRunner(reader_of(scene), Forwarder(spool, bus), around)

        assert await runner.tick() is None
        assert await spool.head(10) == []
    assert runner.stats.failures == {"unreachable": 1}
