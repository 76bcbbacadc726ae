"""Finding the task queues: Temporal has no list of them, so several sources are joined.

Names are never guessed: describing a queue that does not exist succeeds and makes the server
load it. See README.md for what each source can and cannot see.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentVersionRequest,
    DescribeWorkflowExecutionRequest,
    ListWorkerDeploymentsRequest,
    ListWorkerDeploymentsResponse,
    ListWorkflowExecutionsRequest,
)

from agents.missing import Missing
from agents.temporal.client import TemporalClient
from agents.temporal.config import TemporalConfig
from agents.temporal.rpcs import WorkflowRpcs

__all__ = ["Coverage", "Discovery", "is_system_queue"]

SYSTEM_PREFIXES = ("temporal-sys-", "/_sys/")
OPEN = "ExecutionStatus = 'Running'"
PAGE_SIZE = 1000
WALK_STEPS = 3
"""Visibility queries per scrape for workflows on a queue that is not known yet."""
WALK_NAMES = 200
"""More names than this make the query of the walk too long."""
MAX_VERSIONS = 50
DEPLOYMENT_PAGE = 100
TIME_FOR_THE_REST = 0.5
"""Share of a scrape's time that the dearer look leaves for the queues themselves."""


@dataclass(frozen=True)
class Coverage:
    """How sure it is that all queues are known: complete unless `gaps` says what is not."""

    gaps: tuple[str, ...]
    sources: dict[str, int]

    @property
    def complete(self) -> bool:
        return not self.gaps


@dataclass
class Discovery:
    """Remembers which queues there are and since when nobody has named them."""

    config: TemporalConfig
    client: TemporalClient
    last_named: dict[str, datetime] = field(default_factory=dict)
    _system: set[str] = field(default_factory=set)
    _sources: dict[str, int] = field(default_factory=dict)
    _dear_gaps: tuple[str, ...] = ()
    _next_dear_look: datetime | None = None

    async def look(
        self, rpcs: WorkflowRpcs, now: datetime, worker_queues: Sequence[str] | Missing
    ) -> Coverage:
        """Ask the sources; `worker_queues` are the queues of the listed workers."""
        self._name("configured", self.config.task_queues, now)
        gaps = [*self._name_workers(worker_queues, now)]
        if self.config.discover_queues:
            if self._next_dear_look is None or now >= self._next_dear_look:
                self._dear_gaps = tuple(await self._dear_look(rpcs, now))
                self._next_dear_look = now + timedelta(seconds=self.config.discovery_interval_s)
            gaps += [*self._dear_gaps, *await self._walk(rpcs, now)]
        else:
            gaps.append("discover_queues is off")
        gaps += self._forget(now)
        return Coverage(tuple(gaps), dict(self._sources))

    def queues(self) -> list[str]:
        """All queues known now, by name."""
        return sorted(self.last_named)

    def _name(self, source: str, names: Iterable[str], now: datetime) -> None:
        found = {name for name in names if name}
        self._system |= {name for name in found if is_system_queue(name)}
        found -= self._system
        self._sources[source] = len(found)
        self.last_named.update(dict.fromkeys(found, now))

    def _name_workers(self, queues: Sequence[str] | Missing, now: datetime) -> Iterable[str]:
        if isinstance(queues, Missing):
            return [f"workers are not listed: {queues.reason}"]
        self._name("workers", queues, now)
        return []

    def _forget(self, now: datetime) -> Iterable[str]:
        horizon = now - timedelta(seconds=self.config.forget_queues_after_s)
        newest = sorted(self.last_named.items(), key=lambda item: item[1], reverse=True)
        kept = dict(newest[: self.config.max_queues])
        self.last_named = {name: named for name, named in kept.items() if named > horizon}
        return [f"more than max_queues={len(kept)} queues"] if len(newest) > len(kept) else []

    async def _dear_look(self, rpcs: WorkflowRpcs, now: datetime) -> list[str]:
        """Deployments, newest open workflows and a sample of what these wait for."""
        gaps: list[str] = []
        deployed = await self._deployment_queues(rpcs, gaps)
        self._name("deployments", deployed, now)
        workflows = await self._open_workflows(rpcs, gaps)
        self._name("open_workflows", (each.task_queue for each in workflows), now)
        waited_for = await self._activity_queues(rpcs, workflows, gaps)
        self._name("pending_activities", waited_for, now)
        return gaps

    async def _open_workflows(
        self, rpcs: WorkflowRpcs, gaps: list[str]
    ) -> list[WorkflowExecutionInfo]:
        """The newest open workflows; what lies beyond the last page is for the walk to find."""
        found: list[WorkflowExecutionInfo] = []
        token = b""
        for _ in range(self.config.discovery_pages):
            if self._late(gaps):
                break
            page = await self.client.ask(
                rpcs.list_workflow_executions,
                ListWorkflowExecutionsRequest(
                    namespace=self.config.namespace,
                    page_size=PAGE_SIZE,
                    next_page_token=token,
                    query=OPEN,
                ),
            )
            if isinstance(page, Missing):
                gaps.append(f"open workflows are not listed: {page.reason}")
                break
            found += page.executions
            token = page.next_page_token
            if not token:
                break
        return found

    async def _walk(self, rpcs: WorkflowRpcs, now: datetime) -> list[str]:
        """Ask for one open workflow on a queue not known yet, until there is none."""
        for _ in range(WALK_STEPS):
            names = sorted(self.last_named.keys() | self._system)
            if len(names) > WALK_NAMES:
                return [f"more than {WALK_NAMES} queues: open workflows are only sampled"]
            if any("'" in name or "\\" in name for name in names):
                return ["a queue's name cannot be quoted: open workflows are only sampled"]
            listed = ", ".join(f"'{name}'" for name in names)
            page = await self.client.ask(
                rpcs.list_workflow_executions,
                ListWorkflowExecutionsRequest(
                    namespace=self.config.namespace,
                    page_size=1,
                    query=f"{OPEN} AND TaskQueue NOT IN ({listed})" if names else OPEN,
                ),
                subject="unknown queues",
            )
            if isinstance(page, Missing):
                return [f"the search for unknown queues failed: {page.reason}"]
            if not page.executions:
                return []
            self._name("open_workflows_elsewhere", [page.executions[0].task_queue], now)
        return ["more open workflows on unknown queues than one scrape follows"]

    async def _deployment_queues(self, rpcs: WorkflowRpcs, gaps: list[str]) -> set[str]:
        """Queues of versioned workers, also of those scaled to none."""
        listed = await self.client.ask(
            rpcs.list_worker_deployments,
            ListWorkerDeploymentsRequest(
                namespace=self.config.namespace, page_size=DEPLOYMENT_PAGE
            ),
        )
        if isinstance(listed, Missing):
            gaps.append(f"deployments are not listed: {listed.reason}")
            return set()
        queues: set[str] = set()
        for name, build_id in _versions(listed)[:MAX_VERSIONS]:
            if self._late(gaps):
                break
            request = DescribeWorkerDeploymentVersionRequest(namespace=self.config.namespace)
            request.deployment_version.deployment_name = name
            request.deployment_version.build_id = build_id
            version = await self.client.ask(
                rpcs.describe_worker_deployment_version, request, subject=f"{name}.{build_id}"
            )
            if isinstance(version, Missing):
                gaps.append(f"a deployment version is not described: {version.reason}")
            else:
                queues |= {
                    info.name for info in version.worker_deployment_version_info.task_queue_infos
                }
        return queues

    async def _activity_queues(
        self, rpcs: WorkflowRpcs, workflows: Sequence[WorkflowExecutionInfo], gaps: list[str]
    ) -> set[str]:
        """Queues of activities that sampled workflows wait for: one of each queue and type."""
        kinds = {(each.task_queue, each.type.name): each for each in reversed(workflows)}
        queues: set[str] = set()
        for sample in list(kinds.values())[: self.config.discovery_samples]:
            if self._late(gaps):
                break
            described = await self.client.ask(
                rpcs.describe_workflow_execution,
                DescribeWorkflowExecutionRequest(
                    namespace=self.config.namespace, execution=sample.execution
                ),
            )
            if isinstance(described, Missing):
                gaps.append(f"an open workflow is not described: {described.reason}")
            else:
                queues |= {
                    normal_name(activity.activity_options.task_queue)
                    for activity in described.pending_activities
                }
        return queues

    def _late(self, gaps: list[str]) -> bool:
        """Whether the rest of the scrape needs the time that is left."""
        late = self.client.remaining_s() < self.config.timeout_s * TIME_FOR_THE_REST
        if late:
            gaps.append("the search for queues ran out of time")
        return late


def is_system_queue(name: str) -> bool:
    """Whether the server made the queue for its own workers."""
    return name.startswith(SYSTEM_PREFIXES)


def _versions(listed: ListWorkerDeploymentsResponse) -> list[tuple[str, str]]:
    """Deployment and build of the versions that get work: what is drained is left out."""
    return sorted(
        {
            (summary.deployment_version.deployment_name, summary.deployment_version.build_id)
            for deployment in listed.worker_deployments
            for summary in (
                deployment.current_version_summary,
                deployment.ramping_version_summary,
                deployment.latest_version_summary,
            )
            if summary.deployment_version.build_id
        }
    )


def normal_name(queue: TaskQueue) -> str:
    sticky = queue.kind == TaskQueueKind.TASK_QUEUE_KIND_STICKY
    return queue.normal_name if sticky else queue.name
