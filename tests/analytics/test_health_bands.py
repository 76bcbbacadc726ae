"""From score to status: borders, hysteresis and what overrides the score."""

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analytics.health_bands import LOWER_BORDER, MARGIN, band, is_outage, judge
from contracts.health import (
    ComponentStatus,
    ComponentType,
    HealthStatus,
    OrchestratorError,
    OrchestratorHealth,
)
from contracts.orchestrator import OrchestratorMetrics, ResourceAllocation
from tests.analytics.samples import component, known
from tests.analytics.strategies import statuses
from tests.records import NOON, outage_record

HEALTHY, DEGRADED = HealthStatus.HEALTHY, HealthStatus.DEGRADED
UNHEALTHY, CRITICAL = HealthStatus.UNHEALTHY, HealthStatus.CRITICAL


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (1.0, HEALTHY),
        (0.9, HEALTHY),
        (0.8999, DEGRADED),
        (0.7, DEGRADED),
        (0.6999, UNHEALTHY),
        (0.5, UNHEALTHY),
        (0.4999, CRITICAL),
        (0.0, CRITICAL),
    ],
)
def test_bands_without_a_past(score: float, expected: HealthStatus) -> None:
    assert band(score, None) is expected


@pytest.mark.parametrize(
    ("previous", "score", "expected"),
    [
        (HEALTHY, 0.885, HEALTHY),
        (HEALTHY, 0.875, DEGRADED),
        (HEALTHY, 0.685, UNHEALTHY),  # far beyond its own border, the plain band counts
        (DEGRADED, 0.915, DEGRADED),
        (DEGRADED, 0.925, HEALTHY),
        (DEGRADED, 0.685, DEGRADED),
        (DEGRADED, 0.675, UNHEALTHY),
        (UNHEALTHY, 0.715, UNHEALTHY),
        (UNHEALTHY, 0.725, DEGRADED),
        (UNHEALTHY, 0.475, CRITICAL),
        (CRITICAL, 0.515, CRITICAL),
        (CRITICAL, 0.525, UNHEALTHY),
        (CRITICAL, 0.95, HEALTHY),
    ],
)
def test_a_status_is_left_only_beyond_the_margin(
    previous: HealthStatus, score: float, expected: HealthStatus
) -> None:
    assert band(score, previous) is expected


@given(
    st.sampled_from([0.9, 0.7, 0.5]),
    statuses,
    st.lists(st.floats(-MARGIN * 0.99, MARGIN * 0.99), min_size=2, max_size=50),
)
def test_a_score_that_wanders_about_a_border_does_not_flap(
    border: float, status: HealthStatus, offsets: list[float]
) -> None:
    seen = [status]
    for offset in offsets:
        seen.append(band(border + offset, seen[-1]))
    changes = sum(before is not after for before, after in pairwise(seen))

    assert changes <= 1


@given(st.floats(0, 1), statuses)
def test_the_same_score_again_keeps_the_status(score: float, previous: HealthStatus) -> None:
    settled = band(score, previous)

    assert band(score, settled) is settled


@given(st.floats(0, 1), statuses)
def test_hysteresis_reaches_no_further_than_the_margin(
    score: float, previous: HealthStatus
) -> None:
    assume(all(abs(score - border) > MARGIN + 1e-9 for border in LOWER_BORDER.values()))

    assert band(score, previous) is band(score, None)


def failing(*, message: str = "no answer", **fields: object) -> OrchestratorMetrics:
    error = OrchestratorError(code="unreachable", message=message, source="agent", occurred_at=NOON)
    components = fields.pop("components", ())
    health = OrchestratorHealth.model_validate(
        {
            "status": HEALTHY,
            "health_score": None,
            "components": components,
            "last_health_check": NOON,
            "errors": (error,),
        }
    )
    return known(**{"health": health, **fields})


def test_an_outage_is_critical_at_once_whatever_came_before() -> None:
    verdict = judge(outage_record(), None, (), HEALTHY)

    assert verdict.status is CRITICAL
    assert "unreachable" in verdict.reason
    assert "127.0.0.1:7233 did not answer within 10 s" in verdict.reason


def test_an_unhealthy_api_alone_is_no_sign_of_life() -> None:
    api = component(ComponentType.API, ComponentStatus.UNHEALTHY)

    assert is_outage(failing(components=(api,)))


@pytest.mark.parametrize(
    "record",
    [
        failing(resources=ResourceAllocation()),
        failing(components=(component(ComponentType.API, ComponentStatus.DEGRADED),)),
        known(),
    ],
)
def test_one_failed_call_among_others_is_no_outage(record: OrchestratorMetrics) -> None:
    assert not is_outage(record)


@pytest.mark.parametrize("kind", [ComponentType.SCHEDULER, ComponentType.DATABASE])
def test_a_core_component_that_is_down_is_critical_at_once(kind: ComponentType) -> None:
    record = known(component(kind, ComponentStatus.UNHEALTHY, "refuses connections"))
    verdict = judge(record, 1.0, (), HEALTHY)

    assert verdict.status is CRITICAL
    assert verdict.reason == f"Down: {kind} {kind} (refuses connections)."


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (ComponentType.EXECUTOR, ComponentStatus.UNHEALTHY),
        (ComponentType.DATABASE, ComponentStatus.DEGRADED),
        (ComponentType.SCHEDULER, None),
    ],
)
def test_nothing_less_overrides_the_score(
    kind: ComponentType, status: ComponentStatus | None
) -> None:
    assert judge(known(component(kind, status)), 1.0, (), None).status is HEALTHY


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (None, DEGRADED),
        (HEALTHY, DEGRADED),
        (DEGRADED, DEGRADED),
        (UNHEALTHY, UNHEALTHY),
        (CRITICAL, CRITICAL),
    ],
)
def test_missing_data_neither_vouches_for_health_nor_clears_an_alarm(
    previous: HealthStatus | None, expected: HealthStatus
) -> None:
    verdict = judge(known(), None, (), previous)

    assert verdict.status is expected
    assert "none of the five parts" in verdict.reason


def test_a_status_that_hysteresis_holds_says_so() -> None:
    assert judge(known(), 0.89, (), HEALTHY).reason == (
        "The score is 0.89; degraded is from 0.7 to 0.9, "
        "and healthy is left only 0.02 beyond its border."
    )
