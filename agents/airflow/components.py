"""The components of an Airflow, by its own verdict and by what its jobs tell."""

from datetime import datetime
from typing import Any

from agents.airflow.figures import Figures, error_rate
from agents.airflow.wire import Beat
from agents.components import Part, component_records
from agents.missing import Gaps, Missing, known_or, over
from contracts.health import ComponentHealth, ComponentIssue, ComponentStatus, ComponentType

__all__ = ["build_components", "heartbeat_ages_s", "scheduler_heartbeats"]

HEALTHY, DEGRADED, UNHEALTHY = ComponentStatus
NOT_COUNTED = Missing("Airflow does not count it")
NOT_TIMED = Missing("Airflow does not time it; metadata.airflow.heartbeatAgeS tells its heartbeat")
ABSENT = Missing("it has never run here, so it is not part of this deployment")

BEATS = (
    ("database", "metadatabase", ComponentType.DATABASE),
    ("scheduler", "scheduler", ComponentType.SCHEDULER),
    ("dag-processor", "dag_processor", ComponentType.SCHEDULER),
    ("triggerer", "triggerer", ComponentType.EXECUTOR),
)


def build_components(figures: Figures, gaps: Gaps) -> tuple[ComponentHealth, ...]:
    """API, those of the health answer, pools and executor, in this order."""
    parts = [_api(figures)]
    parts += [_part(figures, *each) for each in BEATS]
    parts += [_pools(figures), _executor(figures)]
    return component_records(parts, figures.snapshot.now, gaps)


def heartbeat_ages_s(figures: Figures) -> dict[str, float]:
    """Seconds since each component was last heard of, by the server's clock."""
    health = figures.snapshot.health
    if isinstance(health, Missing):
        return {}
    beats = {name: getattr(health, place) for name, place, _ in BEATS}
    return {
        name: _age_s(figures, beat.heartbeat)
        for name, beat in beats.items()
        if beat is not None and beat.heartbeat is not None
    }


def scheduler_heartbeats(figures: Figures) -> list[dict[str, Any]] | None:
    """Of each scheduler that did not end; None where they are not listed."""
    if isinstance(figures.schedulers, Missing):
        return None
    alive = list(figures.schedulers)
    return [
        {
            "job": job.id,
            "host": job.hostname,
            "alive": job in alive,
            "heartbeatAgeS": _age_s(figures, job.latest_heartbeat)
            if job.latest_heartbeat
            else None,
        }
        for job in (*alive, *known_or(figures.snapshot.lost, ()))
    ]


def _age_s(figures: Figures, heartbeat: datetime) -> float:
    return max(0.0, (figures.snapshot.at - heartbeat).total_seconds())


def _api(figures: Figures) -> Part:
    failures = figures.snapshot.log.failures
    status = DEGRADED if failures else HEALTHY
    issues = tuple(ComponentIssue(code=each.code, message=each.reason) for each in failures[:3])
    return Part(
        "api",
        ComponentType.API,
        status,
        figures.snapshot.version_ms,
        NOT_COUNTED,
        NOT_COUNTED,
        issues,
    )


def _part(figures: Figures, name: str, place: str, kind: ComponentType) -> Part:
    beat: Beat | Missing | None = over(
        lambda health: getattr(health, place), figures.snapshot.health
    )
    status = ABSENT if beat is None else over(_status, beat)
    issues: tuple[ComponentIssue, ...] = ()
    if status is UNHEALTHY:
        issues = (ComponentIssue(code="unhealthy", message="Airflow's own health check says so"),)
    if name != "scheduler":
        return Part(name, kind, status, NOT_TIMED, NOT_COUNTED, NOT_COUNTED, issues)
    lost = _lost(figures)
    return Part(
        name,
        kind,
        DEGRADED if lost and status is HEALTHY else status,
        NOT_TIMED,
        figures.start_rate,
        over(error_rate, figures.ended),
        (*issues, *lost),
    )


def _lost(figures: Figures) -> tuple[ComponentIssue, ...]:
    """Airflow's health answer tells of one scheduler alone, the one that was heard of last."""
    return tuple(
        ComponentIssue(
            code="scheduler_lost",
            message=f"the scheduler {job.id} on {job.hostname} has not been heard of since "
            f"{job.latest_heartbeat:%H:%M:%S} UTC",
        )
        for job in known_or(figures.snapshot.lost, ())
    )


def _status(beat: Beat) -> ComponentStatus | Missing:
    if beat.status is None:
        return ABSENT
    return HEALTHY if beat.status == "healthy" else UNHEALTHY


def _pools(figures: Figures) -> Part:
    """A full pool with tasks that wait holds work back, as it was made to."""
    full = known_or(figures.contended_pools, ())
    waits = over(lambda found: found.mean_ms, figures.pool_waits)
    return Part(
        "pools",
        ComponentType.QUEUE,
        over(lambda _: HEALTHY, figures.contended_pools),
        waits,
        figures.start_rate,
        Missing("a pool fails no tasks"),
        tuple(
            ComponentIssue(
                code="pool_full",
                message=f"{pool.scheduled_slots} slots are waited for in the full pool {pool.name}",
            )
            for pool in full
        ),
    )


def _executor(figures: Figures) -> Part:
    lost = known_or(figures.never_ran, 0)
    issues = (ComponentIssue(code="never_ran", message=f"{lost} tasks failed without having run"),)
    return Part(
        "executor",
        ComponentType.EXECUTOR,
        over(lambda count: DEGRADED if count else HEALTHY, figures.never_ran),
        over(lambda found: found.mean_ms, figures.executor_waits),
        figures.rate(figures.ended),
        over(error_rate, figures.ended),
        issues if lost else (),
    )
