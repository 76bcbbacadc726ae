"""The components of a Prefect server, as far as calls and its own verdicts tell them apart."""

from datetime import timedelta

from agents.components import Part, component_records
from agents.missing import Gaps, Missing, known_or, over
from agents.prefect.figures import Cause, Figures, error_rate
from contracts.health import ComponentHealth, ComponentIssue, ComponentStatus, ComponentType

__all__ = ["build_components"]

HEALTHY, DEGRADED, UNHEALTHY = ComponentStatus
NOT_COUNTED = Missing("Prefect does not count its requests")
LOOP = timedelta(seconds=60)
"""Judgement: the service that marks late runs looks every few seconds; a minute is too long."""


def build_components(figures: Figures, gaps: Gaps) -> tuple[ComponentHealth, ...]:
    """API, database, scheduler services, queues and pools, in this order."""
    parts = [_api(figures), _database(figures), _scheduler(figures), _queues(figures)]
    return component_records([*parts, _pools(figures)], figures.snapshot.now, gaps)


def _api(figures: Figures) -> Part:
    snapshot = figures.snapshot
    status = over(lambda good: HEALTHY if good else UNHEALTHY, snapshot.healthy)
    return Part("api", ComponentType.API, status, snapshot.health_ms, NOT_COUNTED, NOT_COUNTED)


def _database(figures: Figures) -> Part:
    snapshot = figures.snapshot
    failed = [each for each in snapshot.log.failures if each.source == "ready"]
    status: ComponentStatus | Missing = over(lambda _: HEALTHY, snapshot.ready_ms)
    if failed:
        status = DEGRADED if failed[0].code in ("backing_off", "deadline") else UNHEALTHY
    issues = tuple(ComponentIssue(code=each.code, message=each.reason) for each in failed)
    return Part(
        "database",
        ComponentType.DATABASE,
        status,
        snapshot.ready_ms,
        NOT_COUNTED,
        NOT_COUNTED,
        issues,
    )


def _scheduler(figures: Figures) -> Part:
    """Runs that should be marked late by now and are not: the service that does it stands still."""
    before = figures.snapshot.at - timedelta(seconds=figures.config.late_after_s) - LOOP
    unmarked = over(
        lambda runs: [
            run
            for run in runs
            if run.state_name == "Scheduled"
            and run.next_scheduled_start_time is not None
            and run.next_scheduled_start_time < before
        ],
        figures.due,
    )
    found = known_or(unmarked, [])
    issues = (
        ComponentIssue(
            code="late_not_marked",
            message=f"{len(found)} runs are overdue and not marked late: is the service running?",
        ),
    )
    return Part(
        "scheduler",
        ComponentType.SCHEDULER,
        over(lambda each: DEGRADED if each else HEALTHY, unmarked),
        over(lambda waits: waits.mean_ms, figures.waits),
        figures.start_rate,
        Missing("Prefect does not count what its services fail to do"),
        issues if found else (),
    )


def _queues(figures: Figures) -> Part:
    orphaned = over(lambda causes: causes.get(Cause.NO_WORKER, 0), figures.by_cause)
    waiting = known_or(orphaned, 0)
    issues = (
        ComponentIssue(code="no_workers", message=f"{waiting} runs wait and no worker is online"),
    )
    return Part(
        "work queues",
        ComponentType.QUEUE,
        over(lambda count: DEGRADED if count else HEALTHY, orphaned),
        over(lambda waits: waits.mean_ms, figures.waits),
        figures.start_rate,
        Missing("a queue fails no runs; its workers do, see the queue's errorRate"),
        issues if waiting else (),
    )


def _pools(figures: Figures) -> Part:
    """A pool without a worker is fine while nobody wants one of it."""
    silent = over(
        lambda pools: [pool.name for pool in pools if pool.status == "NOT_READY"],
        figures.snapshot.pools,
    )
    wanted = {run.work_pool_name for run in known_or(figures.due, ())}
    missed = [name for name in known_or(silent, ()) if name in wanted]
    ended = over(lambda window: window.runs, figures.snapshot.ended)
    return Part(
        "work pools",
        ComponentType.EXECUTOR,
        over(lambda _: DEGRADED if missed else HEALTHY, silent),
        Missing("Prefect does not time its pools"),
        over(
            lambda window: len(window.runs) / window.seconds,
            figures.snapshot.ended,
        ),
        over(error_rate, ended),
        tuple(
            ComponentIssue(code="not_ready", message=f"the work pool {name} has no worker online")
            for name in missed
        ),
    )
