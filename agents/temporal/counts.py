"""Counts of workflows, from visibility: one call each, however many workflows there are."""

import json
from collections.abc import Mapping
from datetime import datetime

from temporalio.api.workflowservice.v1 import (
    CountWorkflowExecutionsRequest,
    CountWorkflowExecutionsResponse,
)

from agents.missing import Missing, over
from agents.temporal.client import TemporalClient
from agents.temporal.config import TemporalConfig
from agents.temporal.rpcs import WorkflowRpcs
from agents.temporal.snapshot import ClosedWindow

__all__ = ["RUNNING", "count_closed", "count_poisoned", "count_statuses"]

RUNNING = "Running"
BY_STATUS = "GROUP BY ExecutionStatus"
POISONED = "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"


async def count_statuses(
    client: TemporalClient, rpcs: WorkflowRpcs, config: TemporalConfig
) -> Mapping[str, int] | Missing:
    """Workflows there are now, by status; only the running ones when so configured."""
    query = BY_STATUS if config.status_counts else f"ExecutionStatus = '{RUNNING}'"
    answer = await client.ask(
        rpcs.count_workflow_executions,
        CountWorkflowExecutionsRequest(namespace=config.namespace, query=query),
        subject="all workflows",
        feature="counting workflows by status",
    )
    if config.status_counts:
        # Zero is absent: a status without workflows has no group.
        return over(lambda found: {RUNNING: 0} | _by_status(found), answer)
    return over(lambda found: {RUNNING: found.count}, answer)


async def count_closed(
    client: TemporalClient,
    rpcs: WorkflowRpcs,
    config: TemporalConfig,
    start: datetime,
    end: datetime,
) -> ClosedWindow | Missing:
    """Workflows that closed in [start, end)."""
    window = f"CloseTime >= '{_stamp(start)}' AND CloseTime < '{_stamp(end)}'"
    answer = await client.ask(
        rpcs.count_workflow_executions,
        CountWorkflowExecutionsRequest(namespace=config.namespace, query=f"{window} {BY_STATUS}"),
        subject="closed workflows",
        feature="counting workflows by status",
    )
    return over(lambda found: ClosedWindow(start, end, _by_status(found)), answer)


async def count_poisoned(
    client: TemporalClient, rpcs: WorkflowRpcs, config: TemporalConfig
) -> int | Missing:
    """Open workflows whose workflow task keeps failing."""
    answer = await client.ask(
        rpcs.count_workflow_executions,
        CountWorkflowExecutionsRequest(namespace=config.namespace, query=POISONED),
        subject="workflows with reported problems",
        feature="the search attribute TemporalReportedProblems",
    )
    return over(lambda found: found.count, answer)


def _by_status(answer: CountWorkflowExecutionsResponse) -> dict[str, int]:
    return {json.loads(group.group_values[0].data): group.count for group in answer.groups}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
