"""A real Airflow whose tasks run elsewhere: PostgreSQL, Redis, a Celery and an Edge worker."""

import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from typing import Any

import psycopg

from benchmarks.servers import die_with_parent, free_ports
from tests.live.airflow.server import HERE, STOP_LIMIT_S, AirflowServer

__all__ = ["DistributedAirflow"]

NOTICED_S = 15
"""After so long Airflow notices that a scheduler, or a task, is not heard of."""


@dataclass
class DistributedAirflow(AirflowServer):
    """Celery is the default, Edge beside it. Workers and a second scheduler: by their methods."""

    database: str = ""
    redis_port: int = field(default_factory=lambda: free_ports(1)[0])
    redis: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        address = self.database.removeprefix("postgresql://")
        redis = f"redis://127.0.0.1:{self.redis_port}"
        self.chosen = {
            "DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{address}",
            "DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://{address}",
            "CORE__EXECUTOR": "CeleryExecutor,airflow.providers.edge3.executors.EdgeExecutor",
            "CELERY__BROKER_URL": f"{redis}/0",
            "CELERY__RESULT_BACKEND": f"{redis}/1",
            "EDGE__API_ENABLED": "True",
            "EDGE__API_URL": f"{self.url}/edge_worker/v1/rpcapi",
            "EDGE__HEARTBEAT_INTERVAL": "2",
            "EDGE__JOB_POLL_INTERVAL": "1",
            "SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": str(NOTICED_S),
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": str(NOTICED_S),
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
            "WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
        }

    @property
    def settings(self) -> dict[str, Any]:
        chosen = {"executor": "celery", "edge": True, "worker_concurrency": 2}
        return super().settings | chosen

    def start(self) -> None:
        (self.folder / "dags").mkdir()
        shutil.copy(HERE / "far_flows.py", self.folder / "dags")
        command = ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1"]
        with (self.folder / "redis.log").open("ab") as log:
            self.redis = subprocess.Popen(
                [*command, "--save", "", "--appendonly", "no", "--dir", str(self.folder)],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - nothing but a system call
            )
        super().start()

    def begin_celery(self) -> None:
        """A worker of two slots."""
        self.begin("celery", "worker", "--concurrency", "2", "--skip-serve-logs")

    def begin_edge(self) -> None:
        """A worker of two slots, which takes from one queue."""
        self.begin("edge", "worker", "--concurrency", "2", "--queues", "far")

    def kill(self, name: str) -> None:
        """One of its processes and all that it started, as a power cut would."""
        self.end(name, signal.SIGKILL)

    def let_go(self, executor: str) -> None:
        """Tasks of an executor that wait, and those that come, end."""
        (self.folder / "dags" / f"{executor}-goes-on").touch()

    def stop(self) -> None:
        for name in list(self.processes):
            self.kill(name)  # nothing is kept that they could spoil
        if self.redis is not None:
            self.redis.terminate()
            self.redis.wait(STOP_LIMIT_S)
            self.redis = None

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(query.encode()).fetchall()
