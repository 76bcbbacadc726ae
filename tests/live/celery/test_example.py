"""examples/celery as its README starts it: our figures are those of Celery's own inspection."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from agents.collector import Batch
from agents.custom import CustomCollector, CustomConfig
from benchmarks.servers import cache_folder, die_with_parent, free_ports, wait_for
from contracts.worker_pool import WorkerStatus
from tests.agents.contract import records_of, unexplained_nulls
from tests.requirements import require_or_skip

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

EXAMPLE = Path(__file__).parents[3] / "examples" / "celery"
LIMIT_S = 180.0


class Celery:
    """A broker, a worker and Flower, and the example in a folder of its own."""

    def __init__(self, folder: Path, environment: Path, stack: ExitStack) -> None:
        self.folder, self.environment, self._stack = folder, environment, stack
        self.redis_port, self.flower_port = free_ports(2)
        shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
        settings = (folder / "woa.yaml").read_text()
        ours = settings.replace("127.0.0.1:5555", f"127.0.0.1:{self.flower_port}")
        (folder / "woa.yaml").write_text(ours)
        self.worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """The README's first block, each of its commands in the background."""
        redis = ("redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1")
        self.begin([*redis, "--save", "", "--appendonly", "no", "--dir", str(self.folder)])
        worker, flower = self.blocks()[0]
        self.worker = self.begin(shlex.split(worker))
        self.begin(shlex.split(flower.replace("--port=5555", f"--port={self.flower_port}")))
        wait_for(self._told, LIMIT_S, "Flower hears of the worker")

    def blocks(self) -> list[list[str]]:
        readme = (EXAMPLE / "README.md").read_text()
        found = re.findall(r"```sh\n(.*?)```", readme, re.DOTALL)
        return [[line for line in block.splitlines() if line] for block in found]

    def begin(self, command: list[str]) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(self._running(command))

    @contextmanager
    def _running(self, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        with (self.folder / f"{Path(command[0]).name}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.variables(),
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)

    def run(self, command: str) -> str:
        """A command of the README, to its end."""
        done = subprocess.run(
            shlex.split(command),
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.folder,
            env=self.variables(),
        )
        return done.stdout

    def inspected(self) -> dict[str, Any]:
        """What the workers themselves say of the tasks that they have done."""
        said = self.run("celery -A tasks inspect stats --json -d w1@here --timeout 60")
        (stats,) = json.loads(said[said.index("{") :]).values()
        total: dict[str, Any] = stats["total"]
        return total

    def variables(self) -> dict[str, str]:
        """The example's environment; `woa` is of ours, and comes after."""
        return os.environ | {
            "BROKER": f"redis://127.0.0.1:{self.redis_port}/0",
            "FLOWER_UNAUTHENTICATED_API": "true",
            "PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}",
        }

    def collector(self) -> CustomCollector:
        (settings,) = yaml.safe_load((self.folder / "woa.yaml").read_text())["agents"]
        return CustomCollector(CustomConfig.model_validate(settings | {"call_timeout_s": 30}))

    def _told(self) -> bool:
        try:
            said = httpx.get(f"http://127.0.0.1:{self.flower_port}/metrics", timeout=10).text
        except httpx.HTTPError:
            return False
        return 'flower_worker_online{worker="w1@here"} 1.0' in said


@pytest.fixture
def celery(tmp_path: Path) -> Iterator[Celery]:
    environment = cache_folder() / "celery"
    if not (environment / ".installed").exists():
        require_or_skip("live", "there is no Celery: make celery")
    if shutil.which("redis-server") is None:
        require_or_skip("live", "there is no redis-server: apt-get install redis-server")
    with ExitStack() as stack:
        found = Celery(tmp_path / "example", environment, stack)
        found.start()
        yield found


async def scrape(collector: CustomCollector) -> Batch:
    batch = await collector.collect(datetime.now(UTC))
    assert batch.orchestrator.health.errors == ()
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


async def test_our_figures_are_those_of_celery(celery: Celery) -> None:
    async with celery.collector() as collector:
        # Counters appear with their first event.
        celery.run("python tasks.py 1 1")
        await until(celery.collector(), 1, 1)
        await scrape(collector)
        before = celery.inspected()
        celery.run(celery.blocks()[1][0])  # five naps and two that fail
        await until(celery.collector(), 6, 3)

        batch = await scrape(collector)

    after = celery.inspected()
    assert {name: after[name] - before[name] for name in after} == {"tasks.nap": 5, "tasks.fail": 2}
    execution = batch.orchestrator.execution
    assert execution is not None
    assert (execution.completed_workflows, execution.failed_workflows) == (5, 2)
    queuing = batch.orchestrator.queuing
    assert queuing is not None
    assert [(queue.name, queue.size) for queue in queuing.queues or ()] == [("celery", 0)]
    (pool,) = batch.pools
    (worker,) = pool.workers or ()
    assert (worker.id, worker.status) == ("w1@here", WorkerStatus.ACTIVE)
    assert (worker.tasks_completed, worker.tasks_failed) == (6, 3)


async def until(collector: CustomCollector, completed: int, failed: int) -> None:
    """Flower has heard of so many tasks."""
    async with collector, asyncio.timeout(LIMIT_S):
        while True:
            (pool,) = (await collector.collect(datetime.now(UTC))).pools
            told = [(each.tasks_completed, each.tasks_failed) for each in pool.workers or ()]
            if told == [(completed, failed)]:
                return
            await asyncio.sleep(0.5)
