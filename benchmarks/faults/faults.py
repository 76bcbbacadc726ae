"""The faults: each strikes at a random moment while records flow, and says that it did.

What was killed is started again by whoever keeps it running; a network or a disk is mended; nothing
else is helped. A fault that could not be seen to strike raises `FaultMissedError`.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from random import Random

from benchmarks.faults.system import AGENTS, INGEST, POSTGRES, System
from contracts.topics import Topic

__all__ = ["FAULTS", "FEW", "MANY", "FaultMissedError"]

PATIENCE_S = 120.0
LOOK_S = 0.2

Fault = Callable[[System, Random], Awaitable[None]]


class FaultMissedError(RuntimeError):
    """A fault did not strike: the run would show nothing."""


async def ingest_killed(system: System, random: Random) -> None:
    """`kill -9`, mostly while it writes, now and then while it starts."""
    ingest = system.ingests[0]
    if random.random() < 0.7:
        await _seen(ingest.is_at_work, "ingest is at work")
    await asyncio.sleep(random.uniform(0, 3))
    starts = ingest.starts
    await ingest.kill()
    await _seen(lambda: ingest.starts > starts, "ingest was started again")


async def postgres_killed(system: System, random: Random) -> None:
    """`kill -9` of the server."""
    await asyncio.sleep(random.uniform(0, 3))
    database = system.database
    await _seen(lambda: database.processes() != [], "PostgreSQL runs")
    before = database.processes()[:1]
    database.kill()
    await _seen(
        lambda: database.processes()[:1] not in ([], before), "PostgreSQL was started again"
    )


async def broker_killed(system: System, random: Random) -> None:
    """`kill -9` of one of the three, away for some seconds."""
    node = random.choice(system.cluster.nodes)
    await asyncio.sleep(random.uniform(0, 2))
    await asyncio.to_thread(node.stop, signal.SIGKILL)
    await asyncio.sleep(random.uniform(0, 8))
    await asyncio.to_thread(node.start)


async def kafka_cut(system: System, random: Random) -> None:
    """No network between ingest and the brokers."""
    await _cut(INGEST, system, random)


async def postgres_cut(system: System, random: Random) -> None:
    """No network between ingest and PostgreSQL."""
    await _cut(POSTGRES, system, random)


async def postgres_disk_full(system: System, random: Random) -> None:
    """PostgreSQL cannot write until ingest has noticed, and some seconds more."""
    ingest, disk = system.ingests[0], system.database_disk
    refused = ingest.said("store_unavailable")
    try:
        await _seen(_filled(system, refused), "PostgreSQL had no room")
        await asyncio.sleep(random.uniform(0, 4))
    finally:
        disk.clear()


async def spool_disk_full(system: System, random: Random) -> None:
    """The agents reach no broker, and their spool runs out of room."""
    producer = system.producer
    failures = producer.spool_failures
    try:
        await system.cut(AGENTS, "refuse")
        system.spool_disk.fill()
        async with asyncio.timeout(PATIENCE_S):
            while producer.spool_failures == failures:
                await producer.allow(50)
                await asyncio.sleep(LOOK_S)
        await asyncio.sleep(random.uniform(0, 4))
    finally:
        system.spool_disk.clear()
        await system.cut(AGENTS, "mend")


async def topic_made_again(system: System, random: Random) -> None:
    """Deleted while agents publish to it, and made again; ingest had all that was in it."""
    topic = Topic.ORCHESTRATOR_METRICS.value
    await system.remove_topic(topic)
    await system.producer.allow(300)
    await asyncio.sleep(random.uniform(1, 6))
    await system.make_topics()


async def ingests_join_and_leave(system: System, random: Random) -> None:
    """Two more divide the work, one after the other, and leave again."""
    joined = []
    for _ in range(2):
        ingest = system.start_ingest()
        joined.append(ingest)
        await _seen(ingest.is_at_work, "one more ingest joined")
        await asyncio.sleep(random.uniform(0, 4))
    for ingest in joined:
        code = await ingest.stop()
        if code != 0:
            raise FaultMissedError(f"{ingest.name} was to leave and ended with {code}")
        await asyncio.sleep(random.uniform(0, 4))


FAULTS: Mapping[str, Fault] = {
    "ingest_killed": ingest_killed,
    "postgres_killed": postgres_killed,
    "broker_killed": broker_killed,
    "kafka_cut": kafka_cut,
    "postgres_cut": postgres_cut,
    "postgres_disk_full": postgres_disk_full,
    "spool_disk_full": spool_disk_full,
    "topic_made_again": topic_made_again,
    "ingests_join_and_leave": ingests_join_and_leave,
}
MANY = dict.fromkeys(FAULTS, 2) | {
    "ingest_killed": 20,
    "postgres_killed": 5,
    "broker_killed": 5,
}
"""How often each strikes in a whole run."""
FEW = dict.fromkeys(FAULTS, 1) | {"ingest_killed": 5, "postgres_killed": 2, "broker_killed": 2}
"""How often each strikes in a short one."""


async def _cut(name: str, system: System, random: Random) -> None:
    await _seen(system.ingests[0].is_at_work, "ingest is at work")
    await asyncio.sleep(random.uniform(0, 3))
    try:
        concerned = await system.cut(name, random.choice(["refuse", "silence"]))
        await asyncio.sleep(random.uniform(3, 12))
    finally:
        await system.cut(name, "mend")
    if not concerned:
        raise FaultMissedError(f"there was no connection of {name} to cut")


def _filled(system: System, refused: int) -> Callable[[], bool]:
    def noticed() -> bool:
        system.database_disk.fill()
        return system.ingests[0].said("store_unavailable") > refused

    return noticed


async def _seen(condition: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():  # noqa: ASYNC110 - what happens in other processes
                await asyncio.sleep(LOOK_S)
    except TimeoutError as error:
        raise FaultMissedError(f"not within {PATIENCE_S:g} s: {what}") from error
