"""A Temporal namespace in memory that answers this agent's calls as a real server does.

What matters is faithful: zeros are absent, an unknown queue is described as an empty one, an
unknown namespace and a query that the server cannot parse are refused. `fail` makes any call
fail as often as wanted; those in `hanging` never answer.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import TaskQueueKind
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueueStats
from temporalio.api.worker.v1 import WorkerHeartbeat, WorkerInfo
from temporalio.api.workflow.v1 import WorkflowExecutionInfo
from temporalio.api.workflowservice import v1 as wire
from temporalio.service import RPCError, RPCStatusCode

__all__ = ["FakeMetrics", "FakeTemporal", "FakeWorkflow", "heartbeat", "refusal"]

VERSION = "1.32.0"
MANTISSAS = (1.0, 2.0, 5.0)
BOUNDS_S = (*(m * 10**e for e in range(-3, 3) for m in MANTISSAS), 1000.0)
"""Temporal's own buckets: 1 ms to 1000 s."""


def refusal(status: RPCStatusCode, message: str = "because the test says so") -> RPCError:
    """The error of a refused call."""
    return RPCError(message, status, b"")


@dataclass
class FakeWorkflow:
    """One workflow; `waits_on` is the queue of an activity that it waits for."""

    task_queue: str = "orders"
    status: str = "Running"
    closed_at: datetime | None = None
    poisoned: bool = False
    kind: str = "Order"
    waits_on: str | None = None


@dataclass
class FakeQueue:
    """Statistics and pollers of one kind of tasks of one queue."""

    backlog: int = 0
    age_s: float = 0.0
    add_rate: float = 0.0
    dispatch_rate: float = 0.0
    pollers: dict[str, datetime] = field(default_factory=dict)
    priorities: dict[int, int] | None = None
    has_stats: bool = True
    rate_limited: bool = False


@dataclass
class FakeTemporal:
    """The namespace. Passes as `rpcs.Connection` and as `rpcs.WorkflowRpcs`."""

    namespace: str = "shop"
    version: str = VERSION
    queues: dict[tuple[str, str], FakeQueue] = field(default_factory=dict)
    workflows: list[FakeWorkflow] = field(default_factory=list)
    workers: list[WorkerHeartbeat] = field(default_factory=list)
    deployments: dict[str, list[str]] = field(default_factory=dict)
    sticky: dict[str, str] = field(default_factory=dict)
    serving: bool = True
    page_size: int = 1000
    calls: list[tuple[str, Any]] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    hanging: set[str] = field(default_factory=set)
    most_in_flight: Counter[str] = field(default_factory=Counter)
    _in_flight: Counter[str] = field(default_factory=Counter)
    _rules: list[tuple[str, Callable[[Any], bool], BaseException]] = field(default_factory=list)

    def fail(
        self,
        call: str,
        error: BaseException,
        when: Callable[[Any], bool] = lambda _: True,
    ) -> None:
        """Make every call of this name fail whose request passes `when`."""
        self._rules.append((call, when, error))

    def heal(self) -> None:
        """Forget all failures."""
        self._rules.clear()

    def count(self, call: str) -> int:
        """How often a call was made."""
        return sum(name == call for name, _ in self.calls)

    def queue(self, name: str, kind: str = "workflow") -> FakeQueue:
        """One kind of tasks of a queue; made when it does not exist."""
        return self.queues.setdefault((name, kind), FakeQueue())

    @property
    def workflow_service(self) -> "FakeTemporal":
        return self

    async def check_health(self, *, retry: bool, timeout: timedelta) -> bool:
        assert not retry
        await self._enter("Health.Check", None)
        return self.serving

    async def get_system_info(
        self, req: wire.GetSystemInfoRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.GetSystemInfoResponse:
        await self._enter("GetSystemInfo", req)
        return wire.GetSystemInfoResponse(server_version=self.version)

    async def get_cluster_info(
        self, req: wire.GetClusterInfoRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.GetClusterInfoResponse:
        await self._enter("GetClusterInfo", req)
        return wire.GetClusterInfoResponse(
            cluster_id="c1",
            cluster_name="active",
            history_shard_count=4,
            persistence_store="postgres12",
            visibility_store="postgres12",
        )

    async def describe_namespace(
        self, req: wire.DescribeNamespaceRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.DescribeNamespaceResponse:
        await self._enter("DescribeNamespace", req)
        answer = wire.DescribeNamespaceResponse()
        answer.config.workflow_execution_retention_ttl.FromSeconds(86400)
        return answer

    async def list_namespaces(
        self, req: wire.ListNamespacesRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.ListNamespacesResponse:
        await self._enter("ListNamespaces", req)
        answer = wire.ListNamespacesResponse()
        for name in ("temporal-system", self.namespace):
            answer.namespaces.add().namespace_info.name = name
        return answer

    async def count_workflow_executions(
        self, req: wire.CountWorkflowExecutionsRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.CountWorkflowExecutionsResponse:
        await self._enter("CountWorkflowExecutions", req)
        where, _, grouping = req.query.partition("GROUP BY")
        found = self._matching(where)
        answer = wire.CountWorkflowExecutionsResponse(count=len(found))
        if grouping:
            for status, number in sorted(Counter(each.status for each in found).items()):
                group = answer.groups.add(count=number)
                group.group_values.append(Payload(data=json.dumps(status).encode()))
        return answer

    async def list_workflow_executions(
        self, req: wire.ListWorkflowExecutionsRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.ListWorkflowExecutionsResponse:
        await self._enter("ListWorkflowExecutions", req)
        found = [(index, each) for index, each in enumerate(self.workflows)]
        matching = {id(each) for each in self._matching(req.query)}
        found = [(index, each) for index, each in found if id(each) in matching]
        start = int(req.next_page_token or b"0")
        size = min(req.page_size, self.page_size)
        answer = wire.ListWorkflowExecutionsResponse()
        for index, each in found[start : start + size]:
            info = WorkflowExecutionInfo(task_queue=each.task_queue)
            info.execution.workflow_id = f"wf-{index}"
            info.type.name = each.kind
            answer.executions.append(info)
        if start + size < len(found):
            answer.next_page_token = str(start + size).encode()
        return answer

    async def describe_workflow_execution(
        self, req: wire.DescribeWorkflowExecutionRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.DescribeWorkflowExecutionResponse:
        await self._enter("DescribeWorkflowExecution", req)
        workflow = self.workflows[int(req.execution.workflow_id.removeprefix("wf-"))]
        answer = wire.DescribeWorkflowExecutionResponse()
        if workflow.waits_on is not None:
            queue = answer.pending_activities.add().activity_options.task_queue
            queue.name = workflow.waits_on
            if workflow.waits_on in self.sticky:
                queue.kind = TaskQueueKind.TASK_QUEUE_KIND_STICKY
                queue.normal_name = self.sticky[workflow.waits_on]
        return answer

    async def describe_task_queue(
        self, req: wire.DescribeTaskQueueRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.DescribeTaskQueueResponse:
        assert req.report_stats
        await self._enter("DescribeTaskQueue", req)
        kind = {1: "workflow", 2: "activity"}[req.task_queue_type]
        queue = self.queues.get((req.task_queue.name, kind), FakeQueue())
        answer = wire.DescribeTaskQueueResponse()
        for identity, seen in queue.pollers.items():
            poller = PollerInfo(identity=identity)
            poller.last_access_time.FromDatetime(seen)
            answer.pollers.append(poller)
        if queue.has_stats:
            answer.stats.CopyFrom(_stats(queue, queue.backlog))
            for priority, backlog in (queue.priorities or {3: queue.backlog}).items():
                answer.stats_by_priority_key[priority].CopyFrom(_stats(queue, backlog))
        return answer

    async def list_workers(
        self, req: wire.ListWorkersRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.ListWorkersResponse:
        await self._enter("ListWorkers", req)
        start = int(req.next_page_token or b"0")
        size = min(req.page_size, self.page_size)
        answer = wire.ListWorkersResponse(
            workers_info=[
                WorkerInfo(worker_heartbeat=each) for each in self.workers[start : start + size]
            ]
        )
        if start + size < len(self.workers):
            answer.next_page_token = str(start + size).encode()
        return answer

    async def list_worker_deployments(
        self, req: wire.ListWorkerDeploymentsRequest, /, *, retry: bool, timeout: timedelta
    ) -> wire.ListWorkerDeploymentsResponse:
        await self._enter("ListWorkerDeployments", req)
        answer = wire.ListWorkerDeploymentsResponse()
        for name in self.deployments:
            summary = answer.worker_deployments.add(name=name).current_version_summary
            summary.deployment_version.deployment_name = name
            summary.deployment_version.build_id = "v1"
        return answer

    async def describe_worker_deployment_version(
        self,
        req: wire.DescribeWorkerDeploymentVersionRequest,
        /,
        *,
        retry: bool,
        timeout: timedelta,
    ) -> wire.DescribeWorkerDeploymentVersionResponse:
        await self._enter("DescribeWorkerDeploymentVersion", req)
        answer = wire.DescribeWorkerDeploymentVersionResponse()
        for queue in self.deployments[req.deployment_version.deployment_name]:
            answer.worker_deployment_version_info.task_queue_infos.add(name=queue)
        return answer

    async def _enter(self, call: str, request: Any) -> None:
        self.calls.append((call, request))
        self._in_flight[call] += 1
        self.most_in_flight[call] = max(self.most_in_flight[call], self._in_flight[call])
        await asyncio.sleep(0)
        if call in self.hanging:
            await asyncio.Event().wait()
        self._in_flight[call] -= 1
        for name, applies, error in self._rules:
            if name == call and applies(request):
                self.refused[call] += 1
                raise error
        asked = getattr(request, "namespace", "")
        if asked and asked != self.namespace:
            raise refusal(RPCStatusCode.NOT_FOUND, f"Namespace {asked} is not found.")

    def _matching(self, query: str) -> list[FakeWorkflow]:
        found = list(self.workflows)
        for term in filter(None, (part.strip() for part in query.split(" AND "))):
            found = [each for each in found if _passes(each, term)]
        return found


def _passes(workflow: FakeWorkflow, term: str) -> bool:
    if term == "ExecutionStatus = 'Running'":
        return workflow.status == "Running"
    if term == "TemporalReportedProblems IS NOT NULL":
        return workflow.poisoned
    if listed := re.fullmatch(r"TaskQueue NOT IN \((.*)\)", term):
        return workflow.task_queue not in re.findall(r"'([^']*)'", listed[1])
    if bound := re.fullmatch(r"CloseTime (>=|<) '(.*)Z'", term):
        if workflow.closed_at is None:
            return False
        moment = datetime.fromisoformat(bound[2]).replace(tzinfo=UTC)
        return workflow.closed_at >= moment if bound[1] == ">=" else workflow.closed_at < moment
    raise refusal(RPCStatusCode.INVALID_ARGUMENT, f"invalid query: {term}")


def _stats(queue: FakeQueue, backlog: int) -> TaskQueueStats:
    stats = TaskQueueStats(
        approximate_backlog_count=backlog,
        tasks_add_rate=queue.add_rate,
        tasks_dispatch_rate=queue.dispatch_rate,
        rate_limiting_active=queue.rate_limited,
    )
    stats.approximate_backlog_age.FromTimedelta(timedelta(seconds=queue.age_s if backlog else 0))
    return stats


def heartbeat(
    now: datetime, identity: str = "w1@host", queue: str = "orders", **fields: Any
) -> WorkerHeartbeat:
    """A worker with four activity slots that sent a heartbeat ten seconds ago.

    `age_s`, `started_s`, `used`, `processed` and `failed` (activities) change that; other
    fields are the message's own.
    """
    age_s, started_s = fields.pop("age_s", 10.0), fields.pop("started_s", 600.0)
    used = fields.pop("used", 0)
    processed, failed = fields.pop("processed", 0), fields.pop("failed", 0)
    fields.setdefault("status", 1)
    found = WorkerHeartbeat(
        worker_instance_key=f"key-{identity}-{queue}",
        worker_identity=identity,
        task_queue=queue,
        sdk_name="temporal-python",
        sdk_version="1.35.0",
        **fields,
    )
    found.heartbeat_time.FromDatetime(now - timedelta(seconds=age_s))
    found.start_time.FromDatetime(now - timedelta(seconds=started_s))
    found.host_info.host_name = "host"
    found.host_info.current_host_cpu_usage = 0.5
    found.host_info.current_host_mem_usage = 0.25
    workflow, activity = found.workflow_task_slots_info, found.activity_task_slots_info
    workflow.slot_supplier_kind = activity.slot_supplier_kind = "Fixed"
    workflow.current_available_slots = 100
    activity.current_used_slots, activity.current_available_slots = used, 4 - used
    activity.total_processed_tasks = activity.last_interval_processed_tasks = processed
    activity.total_failed_tasks = activity.last_interval_failure_tasks = failed
    return found


@dataclass
class FakeMetrics:
    """A metrics endpoint; change `values` (name with labels -> number) between scrapes."""

    values: dict[str, float] = field(default_factory=dict)
    status: int = 200
    error: httpx.TransportError | None = None
    elsewhere: dict[str, "FakeMetrics"] = field(default_factory=dict)
    """Other endpoints by their URL."""

    def transport(self) -> httpx.MockTransport:
        """What to give to the collector."""
        return httpx.MockTransport(self._answer)

    def observe(self, timer: str, labels: str, waits_s: list[float]) -> None:
        """Let a timer with Temporal's buckets measure some waits."""
        for bound in (*BOUNDS_S, float("inf")):
            le = "+Inf" if bound == float("inf") else f"{bound:g}"
            self.add(
                f'{timer}_bucket{{{labels},le="{le}"}}', sum(wait <= bound for wait in waits_s)
            )
        self.add(f"{timer}_sum{{{labels}}}", sum(waits_s))
        self.add(f"{timer}_count{{{labels}}}", len(waits_s))

    def add(self, series: str, amount: float) -> None:
        """Let a counter grow."""
        self.values[series] = self.values.get(series, 0) + amount

    def text(self) -> str:
        """The answer."""
        return "".join(f"{series} {value:g}\n" for series, value in self.values.items())

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) in self.elsewhere:
            return self.elsewhere[str(request.url)]._answer(request)
        if self.error is not None:
            raise self.error
        return httpx.Response(self.status, text=self.text())
