"""The demo as a whole: server, workers and load, started, conducted and stopped."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from structlog.typing import FilteringBoundLogger

from cli.demo.children import Children, DemoError
from cli.demo.load import Load, pace
from cli.demo.plan import ORDERS, REPORTS, KillWorker, LoadPlan, StartWorkflow, Step
from cli.demo.temporal_server import NAMESPACE, SERVER, ServerPorts, TemporalServer
from cli.demo.worker_task import WorkerTask

__all__ = ["Demo", "DemoError", "DemoTargets"]

# Two processes, to be small in memory; the second has one worker and is the one that is killed.
WORKERS: dict[str, tuple[tuple[str, int], ...]] = {
    "worker-1": ((ORDERS, 4), (REPORTS, 4)),
    "worker-2": ((ORDERS, 4),),
}
VICTIM = "worker-2"
RESTART_S = 2.0
LOG_CHECK_S = 60.0
WORKER_GRACE_S = 5.0
SERVER_GRACE_S = 10.0


@dataclass(frozen=True)
class DemoTargets:
    """What there is to watch. The server's metrics are Prometheus text at `metrics_url`."""

    address: str
    namespace: str
    metrics_url: str
    task_queues: tuple[str, ...]


class Demo:
    """A Temporal server, its workers and their load, for one process.

    Call `start`, then `run` until it is cancelled, then `stop`. Must live on the main thread:
    the kernel ends the children when the thread that started them ends.
    """

    def __init__(
        self,
        state_dir: Path,
        log: FilteringBoundLogger,
        seed: int = 1,
        *,
        plan: LoadPlan | None = None,
        frontend_port: int | None = None,
    ) -> None:
        self._log = log
        self._seed = seed
        self._plan = plan or LoadPlan()
        self._frontend_port = frontend_port
        self._children = Children(state_dir / "demo", log)
        self._starters: dict[str, Callable[[], Awaitable[None]]] = {}
        self._load: Load | None = None
        self._conducting = asyncio.Lock()
        self._stopping = asyncio.Event()

    async def start(self) -> DemoTargets:
        """End what an earlier run left, start server and workers, return when the server serves.

        Raises `DemoError` when it cannot; then nothing is left running.
        """
        try:
            return await self._start()
        except BaseException:
            await self.stop()
            raise

    async def run(self) -> None:
        """Bring the load, kill a worker now and then, restart what ends.

        Returns when the demo is stopped; may be cancelled at any time before.
        """
        if self._load is None:
            raise RuntimeError("start the demo before it runs")
        async with self._conducting, asyncio.TaskGroup() as group:
            keepers = map(self._keep, self._starters)
            duties = (*keepers, self._conduct(self._load), self._bound_logs())
            tasks = [group.create_task(duty) for duty in duties]
            await self._stopping.wait()
            for task in tasks:
                task.cancel()

    async def stop(self) -> None:
        """Stop workers, then the server; nothing of ours is left. Safe to call twice."""
        self._stopping.set()
        async with self._conducting:
            await self._children.stop(tuple(WORKERS), WORKER_GRACE_S)
            await self._children.stop((SERVER,), SERVER_GRACE_S)

    async def _start(self) -> DemoTargets:
        self._children.claim()
        server = TemporalServer(self._children, ServerPorts.choose(self._frontend_port))
        self._starters[SERVER] = server.start
        for name, slots in WORKERS.items():
            command = WorkerTask(server.address, NAMESPACE, name, slots).command()
            self._starters[name] = partial(self._children.start, name, command)
        for start in self._starters.values():  # workers wait for the server while they import
            await start()
        self._load = Load(await server.connect(), self._log)
        return DemoTargets(server.address, NAMESPACE, server.metrics_url, (ORDERS, REPORTS))

    async def _keep(self, name: str) -> None:
        pause_s = RESTART_S if name == SERVER else self._plan.replace_after_s
        while True:
            code = await self._children.ended(name)
            output = str(self._children.log_path(name))
            self._log.warning("demo_child_ended", child=name, code=code, output=output)
            await asyncio.sleep(pause_s)
            await self._starters[name]()

    async def _conduct(self, load: Load) -> None:
        await pace(
            self._plan.steps(self._seed), partial(self._do, load), time.monotonic, asyncio.sleep
        )

    async def _do(self, load: Load, step: Step) -> None:
        match step:
            case StartWorkflow():
                await load.start(step)
            case KillWorker():
                pid = self._children.kill(VICTIM)
                self._log.info("demo_worker_killed", child=VICTIM, pid=pid)

    async def _bound_logs(self) -> None:
        while True:
            self._children.bound_logs()
            await asyncio.sleep(LOG_CHECK_S)
