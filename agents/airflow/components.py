"""The components of an Airflow, by its own verdict and by what its jobs tell."""

from datetime import datetime

from agents.airflow.figures import Figures, error_rate
from agents.airflow.wire import Beat
from agents.components import Part, component_records
from agents.missing import Gaps, Missing, known_or, over
from contracts.health import ComponentHealth, ComponentIssue, ComponentStatus, ComponentType

__all__ = ["build_components", "heartbeat_ages_s"]

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
    issues = (ComponentIssue(code="unhealthy", message="Airflow's own health check says so"),)
    rates: tuple[float | Missing, float | Missing] = (NOT_COUNTED, NOT_COUNTED)
    if name == "scheduler":
        rates = (figures.start_rate, over(error_rate, figures.ended))
    unwell = status is UNHEALTHY
    return Part(name, kind, status, NOT_TIMED, *rates, issues if unwell else ())


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
