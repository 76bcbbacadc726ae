"""Ingest beside what a user would pick instead: CPU for the same records into the same table.

Every side reads the same records from the same broker and writes them to a database of its own on
the same server; ours with all its effects, the others with the history alone. CPU is that of the
writer and of its backends. Each side is held while records are published, and goes on alone. Then
each is killed in the middle of a slice and started again: what is missing, what is there twice?
Goal: `cpu_ratio_to_best_peer` 1.0 at most.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers.flat import with_schema
from benchmarks.peers.processes import FLAT_TOPIC, Peer, connect_sink, plain_consumer, telegraf
from benchmarks.product import free_port
from benchmarks.rounds import ratio_figures
from benchmarks.servers import wait_for
from benchmarks.stage import PATIENCE_S, Stage, Table, cpu_s, slices, staged
from bus.kafka import KafkaPublisher
from bus.kafka_topics import create_topics
from bus.port import Message
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import Topic

__all__ = ["configure", "run"]

TOPIC = Topic.ORCHESTRATOR_METRICS.value
MICRO = 1e6
WARM_UPS = 12  # a JVM compiles for a while
OURS = "ours"
SETTLE_S = 70.0  # more than a session of the groups


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--records", type=int, default=2_000, help="of a round")
    parser.add_argument("--orchestrators", type=int, default=1_000)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    with staged("peers") as stage, ExitStack() as stack:
        stage.topics()
        asyncio.run(create_topics(stage.settings(), [FLAT_TOPIC], 6, 1))
        sides = [_Side.start(peer, stage.folder, stack) for peer in _peers(stage)]
        records = slices(arguments.orchestrators, arguments.records)
        for _ in range(WARM_UPS):  # compilers, caches, connections
            _round(stage, sides, next(records))
        costs = [_round(stage, sides, next(records)) for _ in range(arguments.rounds)]
        audits = _killed(stage, sides, records)
    return _figures(arguments, sides, costs, audits)


def _peers(stage: Stage) -> Iterator[Peer]:
    """Ours is one of them."""
    url = stage.database(OURS)
    environment = stage.environment(url, OURS, free_port())
    command = ["env", *(f"{name}={value}" for name, value in environment.items())]
    command += [sys.executable, "-m", "cli.main", "ingest", "run"]
    yield Peer(OURS, TOPIC, url, command, "all effects: dedupe, latest state, rollups, outbox")
    yield plain_consumer(stage, TOPIC)
    yield from connect_sink(stage, "insert")
    yield from connect_sink(stage, "upsert")
    yield from telegraf(stage, TOPIC)


@dataclass
class _Side:
    """A peer, running."""

    peer: Peer
    table: Table
    log: Path

    @classmethod
    def start(cls, peer: Peer, folder: Path, stack: ExitStack) -> "_Side":
        side = cls(peer, Table(peer.database, peer.rows), folder / f"{peer.name}.log")
        stack.callback(peer.kill)
        peer.start(side.log)
        return side

    def used_s(self) -> float:
        """CPU of the writer and of its backends until now."""
        assert self.peer.process
        return cpu_s(self.peer.process.pid) + sum(self.table.backends().values())


def _round(stage: Stage, sides: Sequence[_Side], records: Sequence[OrchestratorMetrics]) -> Any:
    """CPU seconds a record, side by side."""
    for side in sides:
        side.peer.signal(signal.SIGSTOP)
    goals = [side.table.rows() + len(records) for side in sides]
    _publish(stage, records)
    costs = {}
    for side, goal in zip(sides, goals, strict=True):
        before = side.used_s()
        side.peer.signal(signal.SIGCONT)
        _wait(side, goal)
        time.sleep(0.3)  # until the last offsets are committed
        costs[side.peer.name] = (side.used_s() - before) / len(records)
        print(f"{side.peer.name:<24} {costs[side.peer.name] * MICRO:8.1f} us", file=sys.stderr)
        side.peer.signal(signal.SIGSTOP)
    for side in sides:
        side.peer.signal(signal.SIGCONT)
    return costs


def _killed(
    stage: Stage, sides: Sequence[_Side], batches: Iterator[list[OrchestratorMetrics]]
) -> dict[str, dict[str, int]]:
    """What one SIGKILL in the middle of a slice does to each; the others go on meanwhile."""
    audits = {}
    expected = {side.peer.name: side.table.rows() for side in sides}
    for side in sides:
        records = next(batches)
        expected = {name: rows + len(records) for name, rows in expected.items()}
        goal = expected[side.peer.name]
        _publish(stage, records)
        wait_for(
            lambda: side.table.rows() >= goal - 3 * len(records) // 4,  # noqa: B023 - at once
            PATIENCE_S,
            f"a quarter is written by {side.peer.name}",
        )
        side.peer.kill()
        side.peer.start(side.log)
        _settle(side, goal)
        found, distinct = side.table.rows(), side.table.distinct_rows()
        audits[side.peer.name] = {"missing": goal - distinct, "duplicated": found - distinct}
        print(f"{side.peer.name:<24} {audits[side.peer.name]}", file=sys.stderr)
    return audits


def _publish(stage: Stage, records: Sequence[OrchestratorMetrics]) -> None:
    stage.publish(records)

    async def flat() -> None:
        async with KafkaPublisher(stage.settings()) as publisher:
            await publisher.publish(
                [
                    Message(FLAT_TOPIC, str(record.orchestrator_id), with_schema(record.to_wire()))
                    for record in records
                ]
            )

    asyncio.run(flat())


def _wait(side: _Side, goal: int) -> None:
    try:
        side.table.wait_for_rows(goal)
    except TimeoutError as error:
        tail = side.log.read_text(errors="replace")[-3_000:]
        raise TimeoutError(f"{side.peer.name}: {error}\n{tail}") from error


def _settle(side: _Side, goal: int) -> None:
    """Until all is there, or nothing has come for a while."""
    last, since_s = side.table.rows(), time.monotonic()
    while last < goal and time.monotonic() - since_s < SETTLE_S:
        time.sleep(0.5)
        if (rows := side.table.rows()) != last:
            last, since_s = rows, time.monotonic()


def _figures(
    arguments: argparse.Namespace,
    sides: Sequence[_Side],
    costs: Sequence[dict[str, float]],
    audits: dict[str, dict[str, int]],
) -> dict[str, Any]:
    figures: dict[str, Any] = {"rounds": len(costs), "records_of_a_round": arguments.records}
    medians = {
        side.peer.name: median(cost[side.peer.name] for cost in costs) * MICRO for side in sides
    }
    figures["cpu_s_per_million"] = round(medians[OURS], 1)
    rivals = {
        side.peer.name: medians[side.peer.name]
        for side in sides
        if side.peer.name != OURS and side.peer.rows == "orchestrator_metrics"
    }
    best = min(rivals, key=lambda name: rivals[name])
    figures["best_peer"] = best
    figures |= ratio_figures("cpu_ratio_to_best_peer", [cost[OURS] / cost[best] for cost in costs])
    figures |= audits[OURS]
    figures["peers"] = {
        side.peer.name: {
            "cpu_s_per_million": round(medians[side.peer.name], 1),
            **audits[side.peer.name],
            "settings": side.peer.settings,
        }
        for side in sides
        if side.peer.name != OURS
    }
    print(json.dumps(figures["peers"], indent=2), file=sys.stderr)
    return figures
