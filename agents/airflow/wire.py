"""What is read of Airflow's answers, the same for both versions of the API.

Everything else is dropped unread: rendered fields, configurations and notes may hold secrets.
"""

from datetime import datetime

from msgspec import Struct

__all__ = [
    "Beat",
    "Counted",
    "DagRun",
    "DagRuns",
    "EdgeJob",
    "EdgeJobs",
    "EdgeSystem",
    "EdgeWorker",
    "EdgeWorkers",
    "Health",
    "Job",
    "Jobs",
    "Pool",
    "Pools",
    "TaskInstance",
    "TaskInstances",
    "Version",
]


class Version(Struct, frozen=True):
    version: str


class Beat(Struct, frozen=True):
    """One component in the health answer; the status is null when it never ran."""

    status: str | None = None
    latest_scheduler_heartbeat: datetime | None = None
    latest_triggerer_heartbeat: datetime | None = None
    latest_dag_processor_heartbeat: datetime | None = None

    @property
    def heartbeat(self) -> datetime | None:
        return (
            self.latest_scheduler_heartbeat
            or self.latest_triggerer_heartbeat
            or self.latest_dag_processor_heartbeat
        )


class Health(Struct, frozen=True):
    metadatabase: Beat
    scheduler: Beat
    triggerer: Beat | None = None
    dag_processor: Beat | None = None


class Job(Struct, frozen=True):
    """A scheduler, triggerer or dag processor that lives."""

    id: int
    job_type: str | None = None
    hostname: str | None = None
    start_date: datetime | None = None
    latest_heartbeat: datetime | None = None


class Jobs(Struct, frozen=True):
    jobs: list[Job]
    total_entries: int | None = None


class Pool(Struct, frozen=True):
    """A pool; -1 slots are without end."""

    name: str
    slots: int
    occupied_slots: int = 0
    running_slots: int = 0
    queued_slots: int = 0
    scheduled_slots: int = 0
    deferred_slots: int = 0
    open_slots: int = 0


class Pools(Struct, frozen=True):
    pools: list[Pool]
    total_entries: int | None = None


class DagRun(Struct, frozen=True):
    dag_id: str
    dag_run_id: str
    state: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    run_after: datetime | None = None
    data_interval_end: datetime | None = None
    run_type: str | None = None


class DagRuns(Struct, frozen=True):
    dag_runs: list[DagRun]
    total_entries: int | None = None
    next_cursor: str | None = None


class TaskInstance(Struct, frozen=True):
    """One try of one task. v1 has no `scheduled_when`."""

    dag_id: str
    task_id: str
    dag_run_id: str
    map_index: int = -1
    try_number: int = 0
    state: str | None = None
    hostname: str | None = None
    pool: str | None = None
    queue: str | None = None
    executor: str | None = None
    priority_weight: int | None = None
    operator: str | None = None
    scheduled_when: datetime | None = None
    queued_when: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    @property
    def lasted_ms(self) -> float | None:
        """Of a try that ran to its end.

        Not the API's `duration`: before 3.3 it is wrong, and may be negative, on SQLite.
        """
        if self.queued_when is None or self.start_date is None or self.end_date is None:
            return None
        passed = (self.end_date - self.start_date).total_seconds() * 1000
        return passed if passed >= 0 else None

    @property
    def key(self) -> tuple[str, str, str, int, int]:
        """Names the try."""
        return self.dag_id, self.dag_run_id, self.task_id, self.map_index, self.try_number

    @property
    def name(self) -> str:
        """The try, for people."""
        return _name(self.dag_id, self.dag_run_id, self.task_id, self.map_index, self.try_number)

    @property
    def ready_at(self) -> datetime | None:
        """Since when it could run; v1 does not tell before it is queued."""
        return self.scheduled_when or self.queued_when


class TaskInstances(Struct, frozen=True):
    task_instances: list[TaskInstance]
    total_entries: int | None = None
    next_cursor: str | None = None


class EdgeSystem(Struct, frozen=True):
    """What an Edge worker says of itself.

    It may hold anything that its owner added. The worker's start is in its own local time.
    """

    concurrency: int | None = None


class EdgeWorker(Struct, frozen=True):
    """A worker of the Edge executor; without `queues` it takes from all of them."""

    worker_name: str
    state: str
    queues: list[str] | None = None
    sysinfo: EdgeSystem = EdgeSystem()
    last_heartbeat: datetime | None = None


class EdgeWorkers(Struct, frozen=True):
    workers: list[EdgeWorker]


class EdgeJob(Struct, frozen=True):
    """A task that was given to the Edge executor."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    state: str
    edge_worker: str | None = None

    @property
    def name(self) -> str:
        """As `TaskInstance.name`."""
        return _name(self.dag_id, self.run_id, self.task_id, self.map_index, self.try_number)


class EdgeJobs(Struct, frozen=True):
    jobs: list[EdgeJob]


class Counted(Struct, frozen=True):
    """Any list of which only the length is wanted."""

    total_entries: int


def _name(dag: str, run: str, task: str, map_index: int, try_number: int) -> str:
    mapped = f"[{map_index}]" if map_index >= 0 else ""
    return f"{dag}/{run}/{task}{mapped}#{try_number}"
