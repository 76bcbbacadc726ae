"""What the write path costs, in plain COPYs of the same records into the same table.

Each round takes new records and writes them three times: by a plain COPY of text made before, by
our staging and INSERT .. ON CONFLICT into the history alone, and end to end, from a real Kafka
broker through `woa ingest run` with all its effects. A ratio is CPU of the backend that copies /
CPU of the backend that serves us. Goal: `copy_ceiling_ratio` 0.90 at least.
"""

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from statistics import median

import psycopg

from benchmarks.rounds import ratio_figures
from benchmarks.stage import Stage, Table, backend_cpu_s, cpu_s, slices, staged
from contracts.orchestrator import OrchestratorMetrics
from contracts.topics import encode
from store.connection import connect
from store.staging import COLUMNS, stage
from store.write import SORT_ORCHESTRATORS, STAGING, copy_rows

__all__ = ["configure", "run"]

BATCH_RECORDS = 500
HISTORY = (
    *("id", "orchestrator_id", "orchestrator_type", "instance_id", "cluster_name", "health"),
    *("capacity", "scheduling", "queuing", "execution", "resources", "networking", "persistence"),
    *("metadata", "collected_at"),
)
COPY = f"COPY orchestrator_metrics ({', '.join(HISTORY)}) FROM STDIN".encode()
RENDER = f"COPY (SELECT {', '.join(HISTORY)} FROM staged_orchestrators) TO STDOUT".encode()
INTO_HISTORY = SORT_ORCHESTRATORS.split(b";\n", 1)[0]
"""The first statement of the write path: history and dedupe."""
MICRO = 1e6


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments of this benchmark."""
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--records", type=int, default=2_000, help="of a round")
    parser.add_argument("--orchestrators", type=int, default=1_000)
    parser.add_argument(
        "--growth-records", type=int, default=20_000, help="to compare 1 and 2 processes with"
    )


def run(arguments: argparse.Namespace) -> dict[str, float]:
    """The figures."""
    with staged("ingest") as stage_, ExitStack() as stack:
        stage_.topics()
        records = slices(arguments.orchestrators, arguments.records)
        sides = _Sides.open(stage_, stack)
        sides.round(next(records))  # caches, connections, prepared statements
        costs = [sides.round(next(records)) for _ in range(arguments.rounds)]
        figures = _figures(arguments, costs) | sides.sizes()
        stack.close()
        if arguments.growth_records:
            figures |= _growth(stage_, records, arguments.growth_records // arguments.records)
        return figures


@dataclass(frozen=True)
class _Costs:
    """CPU seconds a record of one round, and how long ours took."""

    copy: float
    history: float
    all_effects: float
    writer: float
    wall_s: float


class _Sides:
    """Three databases of the same structure."""

    def __init__(self, stage_: Stage, stack: ExitStack, urls: dict[str, str]) -> None:
        self._stage = stage_
        self._urls = urls
        self._copying = stack.enter_context(psycopg.connect(urls["copy"]))
        self._rendering = stack.enter_context(psycopg.connect(urls["render"]))
        self._loop = stack.enter_context(asyncio.Runner())
        self._writing = self._loop.run(connect(urls["history"], "benchmark"))
        stack.callback(self._loop.run, self._writing.close())
        self._ingest = stack.enter_context(stage_.ingest(urls["all"], "ingest"))
        self._table = Table(urls["all"])
        self._json_bytes = self._records = 0

    @classmethod
    def open(cls, stage_: Stage, stack: ExitStack) -> "_Sides":
        """With a running ingest."""
        names = ("copy", "history", "all", "render")
        return cls(stage_, stack, {name: stage_.database(name) for name in names})

    def round(self, records: Sequence[OrchestratorMetrics]) -> _Costs:
        """The same records on every side."""
        self._json_bytes += sum(len(encode(record)) for record in records)
        self._records += len(records)
        texts = [self._text(batch) for batch in _batches(records)]
        copy = self._copy(texts)
        history = self._loop.run(self._history(records))
        all_effects, writer, wall_s = self._all_effects(records)
        each = 1 / len(records)
        return _Costs(copy * each, history * each, all_effects * each, writer * each, wall_s)

    def sizes(self) -> dict[str, float]:
        """What is on disk for a record."""
        per_record = self._table.history_bytes() / self._table.rows()
        json_bytes = self._json_bytes / self._records
        return {
            "json_bytes_per_record": round(json_bytes),
            "bytes_per_record": round(per_record),
            "bytes_ratio_to_json": round(per_record / json_bytes, 3),
        }

    def _text(self, records: Sequence[OrchestratorMetrics]) -> bytes:
        """The rows as COPY takes them."""
        columns = ", ".join(COLUMNS["staged_orchestrators"])
        with self._rendering.transaction():
            cursor = self._rendering.cursor()
            cursor.execute(STAGING)
            with cursor.copy(f"COPY staged_orchestrators ({columns}) FROM STDIN".encode()) as into:
                for row in stage(records).orchestrators.values():
                    into.write_row(row)
            with cursor.copy(RENDER) as out:
                return b"".join(bytes(block) for block in out)

    def _copy(self, texts: Sequence[bytes]) -> float:
        pid = self._copying.info.backend_pid
        before = backend_cpu_s(pid)
        for text in texts:
            with self._copying.cursor().copy(COPY) as copy:
                copy.write(text)
            self._copying.commit()
        return backend_cpu_s(pid) - before

    async def _history(self, records: Sequence[OrchestratorMetrics]) -> float:
        pid = self._writing.info.backend_pid
        before = backend_cpu_s(pid)
        for batch in _batches(records):
            await self._into_history(self._writing, batch)
        return backend_cpu_s(pid) - before

    async def _into_history(
        self,
        connection: psycopg.AsyncConnection[tuple[object, ...]],
        batch: Sequence[OrchestratorMetrics],
    ) -> None:
        async with connection.transaction():
            await connection.execute(STAGING)
            rows = stage(batch).orchestrators.values()
            await copy_rows(connection, "staged_orchestrators", rows)
            await connection.execute(INTO_HISTORY)

    def _all_effects(self, records: Sequence[OrchestratorMetrics]) -> tuple[float, float, float]:
        """CPU of the backends, CPU of the writer, wall time."""
        goal = self._table.rows() + len(records)
        self._ingest.hold()
        self._stage.publish(records)
        backends, writer = self._table.backends(), cpu_s(self._ingest.pid)
        self._ingest.go_on()
        wall_s = self._table.wait_for_rows(goal)
        time.sleep(0.2)  # until the last offsets are committed
        used = cpu_s(self._ingest.pid) - writer
        after = self._table.backends()
        spent = sum(seconds - backends.get(pid, 0.0) for pid, seconds in after.items())
        return spent, used, wall_s


def _batches(records: Sequence[OrchestratorMetrics]) -> Iterator[Sequence[OrchestratorMetrics]]:
    for first in range(0, len(records), BATCH_RECORDS):
        yield records[first : first + BATCH_RECORDS]


def _figures(arguments: argparse.Namespace, costs: Sequence[_Costs]) -> dict[str, float]:
    figures: dict[str, float] = {"rounds": len(costs), "records_of_a_round": arguments.records}
    for name in ("copy", "history", "all_effects", "writer"):
        cost_us = median(getattr(each, name) for each in costs) * MICRO
        figures[f"{name}_cpu_s_per_million"] = round(cost_us, 1)
    figures |= ratio_figures("copy_ceiling_ratio", [each.copy / each.history for each in costs])
    figures |= ratio_figures(
        "copy_ceiling_ratio_all_effects", [each.copy / each.all_effects for each in costs]
    )
    wall_s = median(each.wall_s for each in costs)
    return figures | {"records_per_s": round(arguments.records / wall_s)}


def _growth(
    stage_: Stage, slices_: Iterator[list[OrchestratorMetrics]], number: int
) -> dict[str, float]:
    """One process, then two, on a backlog of so many slices that waits when they begin."""
    figures: dict[str, float] = {}
    for processes in (1, 2):
        url = stage_.database(f"growth_{processes}")
        table = Table(url)
        group = {"WOA_KAFKA__GROUP_ID": f"growth-{processes}"}
        with ExitStack() as stack:
            running = [
                stack.enter_context(stage_.ingest(url, f"growth-{number}", **group))
                for number in range(processes)
            ]
            _settle(table)
            for each in running:
                each.hold()
            before = table.rows()
            backlog = [record for records in islice(slices_, number) for record in records]
            stage_.publish(backlog)
            for each in running:
                each.go_on()
            wall_s = table.wait_for_rows(before + len(backlog))
        figures[f"records_per_s_{processes}_processes"] = round(len(backlog) / wall_s)
    growth = figures["records_per_s_2_processes"] / figures["records_per_s_1_processes"]
    return figures | {"growth_1_to_2_processes": round(growth, 2)}


def _settle(table: Table) -> None:
    """Until what was on the topics before has been taken."""
    rows = -1
    while rows != (rows := table.rows()):
        time.sleep(2)
