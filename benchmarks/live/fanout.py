"""What live updates cost, and who waits for whom.

Three runs over one database. `deliveries_per_cpu_s`: scaling events of about 1 KB to 200 clients of
one process, its CPU alone (goal 25,000). Then 2,000 clients of one process of which 20 never read:
how late the others hear (`late_p99_ms`), whether anything was lost to them, and how much memory the
process takes more at the end than in the middle. Last, orchestrators that change `--rate` times a
second, heard through two processes: `update_p99_ms` from the commit to the client (goal 250 on a
quiet machine). Clients and writer share the machine with what is measured.
"""

import argparse
import asyncio
import json
import math
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psutil
from pydantic import SecretStr

from benchmarks.fleet import Fleet
from benchmarks.servers import die_with_parent, free_ports, wait_for
from contracts.events import ScalingEvent
from contracts.topics import PublishedRecord
from contracts.worker_pool import ScalingAction
from store.connection import open_pool
from store.embedded import EmbeddedPostgres
from store.engine import create_read_engine
from store.migrate import migrate
from store.partitions import maintain
from store.settings import RetentionSettings
from store.tokens import Tokens
from store.write import Writer

__all__ = ["configure", "run"]

PACE_S = 0.1
START_S = 120.0
PADDING = "x" * 500
"""Makes a scaling event a message of about a kilobyte."""

INTERVAL_S = 1.0
PER_CLIENT = 100
"""Orchestrators that one client looks at."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--events", type=int, default=2_000, help="to 200 clients")
    parser.add_argument("--clients", type=int, default=2_000, help="of which 20 never read")
    parser.add_argument("--rate", type=int, default=1_000, help="updates a second, two processes")
    parser.add_argument("--seconds", type=int, default=20, help="of the second and third run")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    with tempfile.TemporaryDirectory(prefix="woa-live-") as folder:
        Path(folder).chmod(0o755)  # an unprivileged PostgreSQL must reach it when we are root
        postgres = EmbeddedPostgres(Path(folder) / "state")
        try:
            stage = asyncio.run(_Stage.prepared(asyncio.run(postgres.start())))
            return {
                **_cost(stage, arguments.events),
                **_silent_ones(stage, arguments.clients, arguments.seconds),
                **_two_replicas(stage, arguments.rate, arguments.seconds),
            }
        finally:
            asyncio.run(postgres.stop())


@dataclass(frozen=True)
class _Stage:
    """A database with a token."""

    url: str
    token: str

    @classmethod
    async def prepared(cls, url: str) -> "_Stage":
        await migrate(url)
        engine = create_read_engine(url)
        token = secrets.token_urlsafe(32)
        await Tokens(engine, lambda: datetime.now(UTC)).ensure_admin_token(SecretStr(token))
        await engine.dispose()
        return cls(url, token)

    @contextmanager
    def replica(self) -> Iterator["_Replica"]:
        """One API process."""
        (port,) = free_ports(1)
        command = [sys.executable, "-m", "benchmarks.live.replica", self.url, str(port)]
        process = subprocess.Popen(
            command,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
        )
        try:
            replica = _Replica(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
            wait_for(replica.answers, START_S, "the API answers")
            yield replica
        finally:
            process.terminate()
            process.wait(60)

    @contextmanager
    def clients(
        self, replica: "_Replica", topics: Sequence[Sequence[str]], silent: int, expected: int
    ) -> Iterator[subprocess.Popen[str]]:
        """A process of clients that have subscribed."""
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.live.clients", replica.url, self.token],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
        )
        assert process.stdin is not None
        assert process.stdout is not None
        asked = {"topics": topics, "silent": silent, "expected": expected}
        try:
            process.stdin.write(json.dumps(asked))
            process.stdin.close()
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def write(self, batches: Sequence[Sequence[PublishedRecord]], pace_s: float) -> None:
        """As ingest does, a batch each `pace_s` or as fast as it goes."""
        asyncio.run(self._write(batches, pace_s))

    async def _write(self, batches: Sequence[Sequence[PublishedRecord]], pace_s: float) -> None:
        pool = await open_pool(self.url, application_name="benchmark")
        await maintain(pool, datetime.now(UTC), RetentionSettings())
        writer, begun_s = Writer(pool), time.monotonic()
        for number, batch in enumerate(batches):
            await asyncio.sleep(max(0.0, begun_s + number * pace_s - time.monotonic()))
            await writer.write(batch)
        await pool.close()


@dataclass(frozen=True)
class _Replica:
    url: str
    process: psutil.Process

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def cpu_s(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def rss_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6


def _heard(clients: subprocess.Popen[str]) -> dict[str, Any]:
    assert clients.stdout is not None
    found: dict[str, Any] = json.loads(clients.stdout.readline())
    return found


def _events(number: int, at_once: int) -> list[list[ScalingEvent]]:
    owner, pool = uuid4(), uuid4()
    return [
        [_event(owner, pool) for _ in range(min(at_once, number - begin))]
        for begin in range(0, number, at_once)
    ]


def _event(owner: UUID, pool: UUID) -> ScalingEvent:
    return ScalingEvent(
        id=uuid4(),
        orchestrator_id=owner,
        pool_id=pool,
        event_time=datetime.now(UTC),
        action=ScalingAction.SCALE_UP,
        from_count=3,
        to_count=4,
        reason=PADDING,
    )


def _cost(stage: _Stage, events: int) -> dict[str, Any]:
    topics = [["scaling-events"]] * 200
    expected = events * len(topics)
    with stage.replica() as replica, stage.clients(replica, topics, 0, expected) as clients:
        before_s = replica.cpu_s()
        stage.write(_events(events, 10), PACE_S)
        heard = _heard(clients)
        used_s = replica.cpu_s() - before_s
    return {
        "deliveries_per_cpu_s": round(heard["deliveries"] / used_s),
        "message_bytes": heard["bytes"],
        "lost": expected - heard["deliveries"],
    }


def _silent_ones(stage: _Stage, number: int, seconds: int) -> dict[str, Any]:
    topics = [["scaling-events"]] * number
    silent = min(20, number // 2)
    events = 5 * seconds
    expected = events * (number - silent)
    batches = _events(events, 1)
    with stage.replica() as replica, stage.clients(replica, topics, silent, expected) as clients:
        half = len(batches) // 2
        stage.write(batches[:half], 0.2)
        middle_mb = replica.rss_mb()
        stage.write(batches[half:], 0.2)
        heard = _heard(clients)
        end_mb = replica.rss_mb()
    return {
        "clients": number,
        "silent": silent,
        "readers_lost": expected - heard["deliveries"],
        "late_p50_ms": heard["late_p50_ms"],
        "late_p99_ms": heard["late_p99_ms"],
        "rss_mb": round(end_mb, 1),
        "rss_growth_mb": round(end_mb - middle_mb, 1),
    }


def _two_replicas(stage: _Stage, rate: int, seconds: int) -> dict[str, Any]:
    fleet = Fleet(rate, datetime.now(UTC))
    names = [f"orchestrator:{owner}" for owner in fleet.owners]
    first, *others = fleet.records(seconds + 1, timedelta(seconds=INTERVAL_S))
    tenth = math.ceil(rate * PACE_S / INTERVAL_S)
    batches = [step[at : at + tenth] for step in others for at in range(0, len(step), tenth)]
    each = min(PER_CLIENT, rate // 2)
    groups = [names[at : at + each] for at in range(0, len(names), each)]
    stage.write([first], 0)
    with ExitStack() as stack:
        replicas = [stack.enter_context(stage.replica()) for _ in range(2)]
        clients = [
            stack.enter_context(stage.clients(replica, groups[number::2], 0, sys.maxsize))
            for number, replica in enumerate(replicas)
        ]
        stage.write(batches, PACE_S)
        heard = [_heard(each) for each in clients]
    return {
        "updates": sum(map(len, batches)),
        "updates_heard": sum(each["deliveries"] for each in heard),
        "update_p50_ms": max(each["late_p50_ms"] for each in heard),
        "update_p99_ms": max(each["late_p99_ms"] for each in heard),
    }
