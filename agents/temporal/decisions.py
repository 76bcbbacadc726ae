"""Samples of scheduling decisions: which worker got an activity, and after how long a wait.

The newest open workflows are described (no history, so no payloads) and give the activities they
have in progress. That is a sample with a bias: what takes long is met more often, and what runs in
older workflows or has ended meanwhile never.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo, WorkflowExecutionInfo
from temporalio.api.workflowservice.v1 import (
    DescribeWorkflowExecutionRequest,
    ListWorkflowExecutionsRequest,
)

from agents.missing import Missing
from agents.temporal.client import TemporalClient
from agents.temporal.config import TemporalConfig
from agents.temporal.discovery import OPEN, is_system_queue, normal_name
from agents.temporal.rpcs import WorkflowRpcs
from contracts.events import SchedulingDecision, SchedulingOutcome
from contracts.identity import sample_id, workflow_id

__all__ = ["SAMPLING", "Placement", "build_decisions", "sample_placements"]

SAMPLING = "activities in progress of the newest open workflows"
TIME_FOR_THE_REST = 0.5
"""Share of a scrape's time that sampling leaves to what matters more."""
OFF = Missing("decision_samples is 0: no decisions are sampled")


@dataclass(frozen=True)
class Placement:
    """One attempt of an activity that a worker has begun. `scheduled` is of this attempt."""

    workflow_id: str
    run_id: str
    workflow_type: str
    activity_id: str
    activity_type: str
    queue: str
    attempt: int
    priority: int | None
    scheduled: datetime
    started: datetime
    worker: str


async def sample_placements(
    client: TemporalClient, rpcs: WorkflowRpcs, config: TemporalConfig
) -> tuple[Placement, ...] | Missing:
    """What the newest open workflows have in progress; one that cannot be read is left out."""
    if config.decision_samples == 0:
        return OFF
    page = await client.ask(
        rpcs.list_workflow_executions,
        ListWorkflowExecutionsRequest(
            namespace=config.namespace, page_size=config.decision_samples, query=OPEN
        ),
        subject="decisions",
    )
    if isinstance(page, Missing):
        return page
    found: list[Placement] = []
    for workflow in page.executions:
        if client.remaining_s() < config.timeout_s * TIME_FOR_THE_REST:
            break
        described = await client.ask(
            rpcs.describe_workflow_execution,
            DescribeWorkflowExecutionRequest(
                namespace=config.namespace, execution=workflow.execution
            ),
            subject="decisions",
        )
        if not isinstance(described, Missing):
            found += _placements(workflow, described.pending_activities)
    return tuple(found)


def build_decisions(
    placements: Iterable[Placement], orchestrator: UUID
) -> tuple[SchedulingDecision, ...]:
    """One event for each attempt, the same each time it is met."""
    return tuple(_decision(placement, orchestrator) for placement in placements)


def _placements(
    workflow: WorkflowExecutionInfo, activities: Iterable[PendingActivityInfo]
) -> Iterable[Placement]:
    for activity in activities:
        begun = activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
        timed = activity.HasField("scheduled_time") and activity.HasField("last_started_time")
        queue = normal_name(activity.activity_options.task_queue)
        if begun and timed and not is_system_queue(queue):
            yield Placement(
                workflow_id=workflow.execution.workflow_id,
                run_id=workflow.execution.run_id,
                workflow_type=workflow.type.name,
                activity_id=activity.activity_id,
                activity_type=activity.activity_type.name,
                queue=queue,
                attempt=activity.attempt,
                priority=activity.priority.priority_key or None,
                scheduled=activity.scheduled_time.ToDatetime(tzinfo=UTC),
                started=activity.last_started_time.ToDatetime(tzinfo=UTC),
                worker=activity.last_worker_identity,
            )


def _decision(placement: Placement, orchestrator: UUID) -> SchedulingDecision:
    key = f"{placement.run_id}/{placement.activity_id}/{placement.attempt}"
    waited_ms = max(0.0, (placement.started - placement.scheduled).total_seconds() * 1_000)
    return SchedulingDecision(
        id=sample_id(orchestrator, "scheduling-decision", placement.started, key),
        orchestrator_id=orchestrator,
        workflow_id=workflow_id(orchestrator, f"{placement.workflow_id}/{placement.run_id}"),
        decision_time=placement.started,
        scheduling_latency=waited_ms,
        # A later attempt was created long before it was ready, and Temporal forgets when.
        queue_time=waited_ms if placement.attempt == 1 else None,
        selected_worker=placement.worker or None,
        priority=placement.priority,
        decision_factors={
            "workflowId": placement.workflow_id,
            "runId": placement.run_id,
            "workflowType": placement.workflow_type,
            "activityId": placement.activity_id,
            "activityType": placement.activity_type,
            "taskQueue": placement.queue,
            "attempt": placement.attempt,
            "sampling": SAMPLING,
        },
        outcome=SchedulingOutcome.PLACED,
    )
