"""The demo's workflows and their one activity: a small shop.

What fails, and how often, comes with the job, so that the worker needs no randomness.
"""

import asyncio
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from cli.demo.plan import Job

__all__ = ["ACTIVITIES", "WORKFLOWS"]

# Longer than any job and short enough that the work of a killed worker is soon taken up again.
START_TO_CLOSE = timedelta(seconds=30)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=10)


@activity.defn
async def perform(job: Job) -> None:
    """Work as long as the job says, then succeed or fail as it says."""
    await asyncio.sleep(job.work_s)
    if job.fatal:
        raise ApplicationError("the bank refused", type="Refused", non_retryable=True)
    if activity.info().attempt <= job.failed_attempts:
        raise ApplicationError("the carrier did not answer", type="CarrierSilent")


async def _step(job: Job, summary: str) -> None:
    await workflow.execute_activity(
        perform,
        job,
        start_to_close_timeout=START_TO_CLOSE,
        retry_policy=RETRY,
        summary=summary,
    )


@workflow.defn
class FulfilOrder:
    """Quick: two short steps."""

    @workflow.run
    async def run(self, job: Job) -> None:
        await _step(job, "reserve stock")
        await _step(job, "charge card")


@workflow.defn
class BuildReport:
    """Slow: one long step."""

    @workflow.run
    async def run(self, job: Job) -> None:
        await _step(job, "read the books")


@workflow.defn
class ShipParcel:
    """Retried: the carrier answers only after some attempts."""

    @workflow.run
    async def run(self, job: Job) -> None:
        await _step(job, "call the carrier")


@workflow.defn
class RefundOrder:
    """Failing: the bank refuses some for good."""

    @workflow.run
    async def run(self, job: Job) -> None:
        await _step(job, "pay back")


@workflow.defn
class AuditOrder:
    """Poison: its code has a bug, so its workflow task fails again and again."""

    @workflow.run
    async def run(self, job: Job) -> None:
        raise RuntimeError("a bug that only this workflow meets")


WORKFLOWS: tuple[type, ...] = (FulfilOrder, BuildReport, ShipParcel, RefundOrder, AuditOrder)
ACTIVITIES = (perform,)
