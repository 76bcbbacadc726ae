"""The server goes and comes back."""

import asyncio
import signal
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from agents.collector import Batch, UnreachableError
from tests.live.temporal.server import TemporalServer
from tests.live.temporal.watch import eventually, start, watching

pytestmark = pytest.mark.live


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_server_that_goes_is_unreachable_and_comes_back_by_itself(
    lone_server: TemporalServer, how: signal.Signals
) -> None:
    namespace = "live-0"
    client = await Client.connect(lone_server.address, namespace=namespace)
    await start(client, "Quick", "orphans", 3)
    async with watching(lone_server, namespace) as collector:
        before = await eventually(collector, lambda it: running(it) == 3)
        assert before.orchestrator.health.errors == ()
        lone_server.stop(how)

        # Far below the deadline of a scrape: nothing is waited for.
        async with asyncio.timeout(collector.config.timeout_s / 2):
            with pytest.raises(UnreachableError):
                await collector.collect(datetime.now(UTC))

        lone_server.start()
        await eventually(collector, lambda it: running(it) == 3)
        # A restarted server may count waiting tasks twice for a while; so does its own tool.
        after = await eventually(
            collector,
            lambda it: (
                not it.orchestrator.health.errors
                and backlog(it) == lone_server.backlog(namespace, "orphans")
            ),
        )

    assert after.orchestrator.health.restarts == 1


def running(batch: Batch) -> int | None:
    capacity = batch.orchestrator.capacity
    return capacity.running_workflows if capacity else None


def backlog(batch: Batch) -> int | None:
    queuing = batch.orchestrator.queuing
    return queuing.backlog_size if queuing else None
