"""Whether every record has its effect exactly once, whatever dies on the way.

Agents -> Kafka (three brokers) -> `woa ingest run` -> PostgreSQL, with known records: some late,
5 % twice, 1 % poison of every kind. Faults strike at random moments of the flow. In the end the
database and the brokers are compared with a journal that a process of its own kept. All of
`missing`, `duplicated`, `wrong_rollups`, `wrong_latest`, `wrong_dead_letters` and `unaccounted`
must be 0, else the exit code is 1. Needs the brokers of `make kafka`.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from random import Random

import psycopg

from benchmarks.faults.audit import Findings, audit
from benchmarks.faults.expected import Expected, expected
from benchmarks.faults.faults import FAULTS, FEW, MANY
from benchmarks.faults.journal import entries
from benchmarks.faults.system import System, running
from benchmarks.faults.topics import names_in
from benchmarks.kafka_source import KafkaSource, kafka_source

__all__ = ["configure", "passed", "run"]

CATCH_UP_PATIENCE_S = 120.0
SENT_PER_RECORD = 1.08
"""Records, their repetitions and poison, a little more than there are."""
LAST_ALLOWANCE = 250
LOGS = "*.log"
ZERO = tuple(each.name for each in fields(Findings))


@dataclass(frozen=True)
class Run:
    """What one seed gave."""

    truth: Expected
    faults: Counter[str]
    findings: Findings
    disks: Mapping[str, str]


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--records", type=int, default=70_000, help="valid ones, for each seed")
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3], help="one run for each")
    parser.add_argument("--few", action="store_true", help="fewer faults, each kind at least once")
    parser.add_argument("--logs", type=Path, help="folder for what the processes said")


def run(arguments: argparse.Namespace) -> dict[str, float | str]:
    """The figures, added up over the seeds."""
    source = kafka_source()
    if source is None:
        raise SystemExit("faults needs Kafka brokers: make kafka (needs Java 17 and Maven)")
    # Both mean: stop, and leave nothing behind; a background job inherits that it ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    started_s = time.monotonic()
    counts = FEW if arguments.few else MANY
    runs = [
        _run(source, seed, arguments.records, counts, arguments.logs) for seed in arguments.seed
    ]
    return _figures(runs) | {"seconds": round(time.monotonic() - started_s)}


def passed(figures: Mapping[str, float | str]) -> bool:
    """Whether all that must be 0 is."""
    return all(figures[name] == 0 for name in ZERO)


def _figures(runs: list[Run]) -> dict[str, float | str]:
    figures: dict[str, float | str] = {
        "seeds": len(runs),
        "records": sum(len(each.truth.valid) for each in runs),
        "sent": sum(each.truth.sent for each in runs),
        "poison": sum(len(each.truth.poison) for each in runs),
    }
    for kind, number in sorted(sum((each.truth.kinds for each in runs), Counter()).items()):
        figures[f"poison_{kind}"] = number
    figures |= sum((each.faults for each in runs), Counter())
    figures |= runs[0].disks
    for name in ZERO:
        figures[name] = sum(each.findings.figures()[name] for each in runs)
    return figures


def _run(
    source: KafkaSource, seed: int, records: int, counts: Mapping[str, int], logs: Path | None
) -> Run:
    # Short, for the sake of PostgreSQL's socket, and open to the user it runs as if we are root.
    with tempfile.TemporaryDirectory(prefix="woa-faults-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        try:
            return asyncio.run(_audited(folder, source, seed, records, counts))
        finally:
            if logs:
                _keep_logs(folder, logs / f"seed-{seed}")


async def _audited(
    folder: Path, source: KafkaSource, seed: int, records: int, counts: Mapping[str, int]
) -> Run:
    async with running(folder, source, seed, records) as system:
        return await _Auditor(system, seed, records, counts).run()


class _Auditor:
    """One run: strikes, waits until all is taken, compares."""

    def __init__(self, system: System, seed: int, records: int, counts: Mapping[str, int]) -> None:
        self._system = system
        self._seed = seed
        self._random = Random(seed)
        self._plan = [name for name, number in counts.items() for _ in range(number)]
        self._random.shuffle(self._plan)
        self._to_send = round(records * SENT_PER_RECORD)
        self._struck: Counter[str] = Counter()
        self._started_s = time.monotonic()

    async def run(self) -> Run:
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._system.producer.listen())
            await self._strike()
            left = await self._finish()
            listening.cancel()
        return await self._compare(left)

    async def _strike(self) -> None:
        producer = self._system.producer
        for number, name in enumerate(self._plan):
            left = max(0, self._to_send - producer.allowed)
            await producer.allow(left // (len(self._plan) - number + 1))
            self._struck[name] += 1
            self._say(f"{name} {self._struck[name]}")
            await FAULTS[name](self._system, self._random)
            await asyncio.sleep(self._random.uniform(0, 2))

    async def _finish(self) -> int:
        """All is sent and taken; how much ingest left, which should be nothing."""
        producer = self._system.producer
        self._say("no more faults")
        while not producer.done:
            await producer.allow(LAST_ALLOWANCE)
            await asyncio.sleep(1)
        await producer.drain()
        self._say("all records are with the brokers")
        return await self._system.caught_up(CATCH_UP_PATIENCE_S)

    async def _compare(self, left: int) -> Run:
        system = self._system
        self._say(f"auditing, {left} messages left")
        messages = system.removed + await names_in(system.kafka)
        truth = await asyncio.to_thread(expected, entries(system.journal))
        with psycopg.connect(system.database.url) as connection:
            findings = await asyncio.to_thread(audit, connection, truth, messages, left)
        self._say(f"{len(truth.valid)} records: {findings}")
        disks = {
            "disk_full_postgres": system.database_disk.way,
            "disk_full_spool": system.spool_disk.way,
        }
        return Run(truth, self._struck, findings, disks)

    def _say(self, what: str) -> None:
        took_s = time.monotonic() - self._started_s
        sent = self._system.producer.sent
        print(f"seed {self._seed} {took_s:5.0f} s  sent {sent:>6}  {what}", file=sys.stderr)


def _keep_logs(folder: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for log in (*folder.glob(LOGS), *folder.glob(f"*/{LOGS}")):
        shutil.copy(log, target / "-".join(log.relative_to(folder).parts))
