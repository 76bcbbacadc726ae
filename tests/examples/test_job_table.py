"""The job table as its README makes it, on a real PostgreSQL: our figures are those of SQL."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from agents.collector import Batch, UnauthorizedError, UnreachableError
from agents.custom import CustomCollector, CustomConfig
from contracts.worker_pool import WorkerStatus
from tests.agents.contract import records_of, unexplained_nulls
from tests.postgres import PostgresServer

DSN = "postgresql://woa_reader:read%20only@127.0.0.1:5432/jobs"
EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "job-table"


class Table:
    """The example in a folder of its own, its addresses those of a test's database."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder, self.dsn = folder, dsn
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        settings = (folder / "woa.yaml").read_text()
        (folder / "woa.yaml").write_text(settings.replace(DSN, self.of("woa_reader")))

    def of(self, user: str) -> str:
        """The address for another user: the tests' server is reached by its socket."""
        with psycopg.connect(self.dsn) as database:
            about = database.info
            return f"postgresql://{user}@/{about.dbname}?host={about.host}&port={about.port}"

    def run(self, command: str) -> str:
        """A line of the README, as it stands."""
        programs = Path(sys.executable).parent
        done = subprocess.run(
            shlex.split(command),
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            env=os.environ | {"DSN": self.dsn, "PATH": f"{programs}:{os.environ['PATH']}"},
        )
        return done.stdout

    def commands(self) -> list[str]:
        readme = (self.folder / "README.md").read_text()
        (block,) = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
        return [line for line in block.splitlines() if line]

    def one(self, query: str) -> Any:
        """An independent opinion."""
        with psycopg.connect(self.dsn) as database:
            (row,) = database.execute(query.encode()).fetchall()
        return row[0]

    def collector(self, **changes: str) -> CustomCollector:
        (settings,) = yaml.safe_load((self.folder / "woa.yaml").read_text())["agents"]
        text = yaml.safe_dump(settings)
        for old, new in changes.items():
            text = text.replace(old, new)
        return CustomCollector(CustomConfig.model_validate(yaml.safe_load(text)))


@pytest.fixture
def table(postgres_server: PostgresServer, tmp_path: Path) -> Iterator[Table]:
    with postgres_server.empty_database() as dsn:
        yield Table(tmp_path / "example", dsn)


async def scrape(collector: CustomCollector) -> Batch:
    batch = await collector.collect(datetime.now(UTC))
    assert batch.orchestrator.health.errors == ()
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


def test_the_commands_of_the_readme_work_as_they_stand(table: Table) -> None:
    *before, last = table.commands()
    for command in before:
        table.run(command)

    printed = table.run(last)

    assert '"backlogSize":6' in printed
    assert '"instanceId":"job-table"' in printed


async def test_our_figures_are_those_of_sql(table: Table) -> None:
    table.run("python jobs.py init")
    table.run("python jobs.py add --count 10")
    async with table.collector() as collector:
        await scrape(collector)
        table.run("python jobs.py add --count 5 --queue mail --priority 9")
        table.run("python jobs.py work --name w1 --count 7")
        table.run("python jobs.py work --name w2 --count 2 --failing")
        batch = await scrape(collector)

    record = batch.orchestrator
    assert record.execution is not None
    assert record.execution.completed_workflows == 7
    assert record.execution.failed_workflows == 2
    assert record.queuing is not None
    assert record.queuing.backlog_size == table.one(
        "SELECT count(*) FROM jobs WHERE state = 'waiting'"
    )
    queues = {queue.name: queue.size for queue in record.queuing.queues or ()}
    assert queues == {"default": 6, "mail": 0}
    p95_s = table.one(
        "SELECT extract(epoch FROM started_at - created_at) FROM jobs"
        " WHERE started_at IS NOT NULL ORDER BY 1 DESC LIMIT 1"
    )
    assert record.scheduling is not None
    assert record.scheduling.p95_scheduling_latency == pytest.approx(float(p95_s) * 1000)
    (pool,) = batch.pools
    told = {
        worker.id: (worker.status, worker.tasks_completed, worker.tasks_failed)
        for worker in pool.workers or ()
    }
    assert told == {"w1": (WorkerStatus.IDLE, 7, 0), "w2": (WorkerStatus.IDLE, 0, 2)}


async def test_who_watches_may_change_nothing(table: Table) -> None:
    table.run("python jobs.py init")
    table.run("python jobs.py add --count 3")
    async with table.collector(**{"FROM jobs": "FROM (DELETE FROM jobs RETURNING *) x"}) as writer:
        await _fails(writer)
    reader = table.of("woa_reader")
    with psycopg.connect(reader) as database, pytest.raises(psycopg.Error):
        database.execute("DELETE FROM jobs")
    with psycopg.connect(reader) as database, pytest.raises(psycopg.Error):
        database.execute("SET default_transaction_read_only = off; DELETE FROM jobs")

    assert table.one("SELECT count(*) FROM jobs") == 3


async def _fails(collector: CustomCollector) -> None:
    record = (await collector.collect(datetime.now(UTC))).orchestrator
    assert record.health.errors
    assert record.queuing is not None
    assert record.queuing.backlog_size is None


async def test_a_slow_query_is_stopped(table: Table) -> None:
    table.run("python jobs.py init")
    slow = {
        "SELECT queue,": "SELECT pg_sleep(60), queue,",
        "kind: sql": "kind: sql\n    timeout_s: 1",
    }
    table.run("python jobs.py add --count 1")
    async with table.collector(**slow) as collector:
        record = (await collector.collect(datetime.now(UTC))).orchestrator

    (error,) = record.health.errors
    assert (error.source, error.code) == ("queues", "timeout")
    assert record.capacity is not None
    assert record.capacity.pending_workflows == 1


async def test_a_wrong_user_and_no_server_are_outages(table: Table) -> None:
    table.run("python jobs.py init")
    async with table.collector(woa_reader="stranger") as wrong:
        with pytest.raises(UnauthorizedError):
            await wrong.collect(datetime.now(UTC))
    async with table.collector(**{"host=": "host=/nowhere"}) as nowhere:
        with pytest.raises(UnreachableError):
            await nowhere.collect(datetime.now(UTC))
