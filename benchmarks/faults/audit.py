"""Compares the database and the brokers with the journal, message by message and row by row."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from agents.forwarder import RECORD_ID_HEADER
from benchmarks.faults.expected import BUCKETS, Expected, Registers, RollupRow, latency_registers
from store.rollups import LATENCY_ROLLUP, ORCHESTRATOR_ROLLUP, POOL_ROLLUP, QUEUE_ROLLUP

__all__ = ["Findings", "audit"]

HISTORY = (
    *("orchestrator_metrics", "worker_pool_metrics", "load_balancing_metrics"),
    *("coordination_metrics", "scheduling_decisions", "coordination_events", "scaling_events"),
)
LATEST = {
    "orchestrator_latest": "SELECT orchestrator_id, collected_at, id FROM orchestrator_latest",
    "worker_pool_latest": "SELECT pool_id, collected_at, id FROM worker_pool_latest",
    # Its id names the sample of the queue, not the record.
    "queue_latest": "SELECT queue_id, collected_at, NULL FROM queue_latest",
}
QUEUES = "SELECT queue_id, collected_at, count(*) FROM queue_metrics GROUP BY 1, 2"
DEAD_LETTERS = "SELECT headers ->> %s, reason FROM dead_letters"
EXACT = 1e-9
"""Sums of floats depend on the order of their parts, relatively by less than this."""


@dataclass(frozen=True)
class Findings:
    """How often the database is not what it must be. All zero: exactly once."""

    missing: int = 0
    """Rows of history that are not there."""
    duplicated: int = 0
    """Rows of history that are there again."""
    wrong_rollups: int = 0
    """Rows of rollups that are not there, or should not be, or differ in a register."""
    wrong_latest: int = 0
    """Subjects whose latest state is not that of their newest record."""
    wrong_dead_letters: int = 0
    """Poison that is not there once with its reason, and dead letters that are no poison."""
    unaccounted: int = 0
    """Messages and rows that the journal or the database cannot explain, and what ingest left."""

    def figures(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


def audit(
    connection: psycopg.Connection, truth: Expected, messages: Counter[str], lag: int
) -> Findings:
    """`messages`: by name, how often the brokers had each; `lag`: how many ingest did not take."""
    stored = {table: Counter(_ids(connection, table)) for table in HISTORY}
    queues = Counter({(queue, at): n for queue, at, n in connection.execute(QUEUES)})
    letters = list(connection.execute(DEAD_LETTERS, (RECORD_ID_HEADER,)))
    rows = dict(_rollups(connection))
    latest = {table: _latest(connection, table) for table in LATEST}
    names = {str(each) for table in stored.values() for each in table}
    buried = {name for name, _ in letters}
    return Findings(
        missing=sum(len(truth.history[table] - stored[table].keys()) for table in HISTORY)
        + len(truth.queues - queues.keys()),
        duplicated=sum(map(_repeated, stored.values())) + _repeated(queues),
        wrong_rollups=_wrong_rollups(truth.rollups, rows),
        wrong_latest=sum(_wrong_latest(truth, table, latest[table]) for table in LATEST),
        wrong_dead_letters=_wrong_dead_letters(truth, letters),
        unaccounted=lag
        + sum(
            number
            for name, number in messages.items()
            if not _accounted(truth, name, stored=name in names, buried=name in buried)
        )
        + len(truth.handed_over - messages.keys())
        + len(names - truth.valid),
    )


def _repeated(rows: Counter[Any]) -> int:
    return rows.total() - len(rows)


def _accounted(truth: Expected, name: str, *, stored: bool, buried: bool) -> bool:
    """Whether a message of the brokers became what it must, and is known."""
    if name in truth.valid:
        return stored and not buried
    return name in truth.poison and buried and not stored


def _wrong_dead_letters(truth: Expected, letters: Iterable[tuple[object, ...]]) -> int:
    there: Counter[tuple[object, ...]] = Counter(letters)
    wanted: Counter[tuple[object, ...]] = Counter(truth.poison.items())
    return (there - wanted).total() + (wanted - there).total()


def _wrong_latest(truth: Expected, table: str, rows: dict[object, tuple[object, object]]) -> int:
    wanted = truth.latest[table]
    return len(rows.keys() ^ wanted.keys()) + sum(
        rows[subject][0] != at or rows[subject][1] not in {None, record}
        for subject, (at, record) in wanted.items()
        if subject in rows
    )


def _wrong_rollups(wanted: dict[RollupRow, Registers], rows: dict[RollupRow, Registers]) -> int:
    return len(wanted.keys() ^ rows.keys()) + sum(
        not _same(registers, rows[row]) for row, registers in wanted.items() if row in rows
    )


def _same(wanted: Registers, row: Registers) -> bool:
    return wanted.keys() == row.keys() and all(
        _equal(value, row[name]) for name, value in wanted.items()
    )


def _equal(wanted: object, value: object) -> bool:
    if isinstance(wanted, int | float) and isinstance(value, int | float):
        return math.isclose(wanted, value, rel_tol=EXACT, abs_tol=EXACT)
    return wanted == value


def _ids(connection: psycopg.Connection, table: str) -> Iterator[object]:
    query = sql.SQL("SELECT id FROM {}").format(sql.Identifier(table))
    return (each for (each,) in connection.execute(query))


def _latest(connection: psycopg.Connection, table: str) -> dict[object, tuple[object, object]]:
    return {subject: (at, record) for subject, at, record in connection.execute(LATEST[table])}


def _rollups(connection: psycopg.Connection) -> Iterator[tuple[RollupRow, Registers]]:
    for rollup in (ORCHESTRATOR_ROLLUP, POOL_ROLLUP, QUEUE_ROLLUP):
        for step in BUCKETS:
            table = f"{rollup.name}_{step}"
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
            for row in connection.cursor(row_factory=dict_row).execute(query):
                subject = tuple(row.pop(name) for name in rollup.subject)
                bucket: datetime = row.pop("time_bucket")
                yield (table, subject, bucket), row
    for step in BUCKETS:
        table = f"{LATENCY_ROLLUP}_{step}"
        query = sql.SQL(
            "SELECT orchestrator_id, bounds_ms, time_bucket, counts, sum_ms FROM {}"
        ).format(sql.Identifier(table))
        for owner, bounds_ms, bucket, counts, sum_ms in connection.execute(query):
            registers = latency_registers(counts, sum_ms)
            yield (table, (owner, *bounds_ms), bucket), registers
