"""The two versions of the REST API, as far as they differ in what is asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

__all__ = ["DIALECTS", "Dialect"]

Params = list[tuple[str, str | int | float | bool | None]]


@dataclass(frozen=True)
class Dialect:
    """How to ask one version.

    `due_since`: the parameter by which runs are limited to those due since a time. `jobs`: whether
    schedulers can be listed. `sorts`: whether rows can be sorted, so that pages do not shift.
    """

    name: str
    base: str
    health: str
    due_since: str
    jobs: bool
    sorts: bool

    @property
    def task_instances(self) -> str:
        return f"{self.base}/dags/~/dagRuns/~/taskInstances"

    @property
    def dag_runs(self) -> str:
        return f"{self.base}/dags/~/dagRuns"

    def changed(self, since: datetime, due_since: datetime, states: Iterator[str]) -> Params:
        """Parameters for rows that changed since a time, into one of these states."""
        chosen: Params = [
            ("updated_at_gte", since.isoformat()),
            (self.due_since, due_since.isoformat()),
        ]
        chosen += [("state", state) for state in states]
        return [*chosen, ("order_by", "id")] if self.sorts else chosen


V2 = Dialect("v2", "api/v2", "api/v2/monitor/health", "run_after_gte", jobs=True, sorts=True)
V1 = Dialect("v1", "api/v1", "api/v1/health", "execution_date_gte", jobs=False, sorts=False)
DIALECTS = (V2, V1)
"""In the order in which they are tried."""
