"""The score: weights, renormalizing over what is known, and one function for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.health_score import WEIGHTS, score_health
from contracts.health import ComponentStatus, ComponentType, HealthStatus, ScorePart
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    OrchestratorMetrics,
    QueueMetrics,
    RecentOutcomes,
    SchedulingPerformance,
)
from tests.analytics.samples import component, known, perfect_sections
from tests.analytics.strategies import orchestrator_metrics, statuses
from tests.records import outage_record

HEALTHY_API = component(ComponentType.API, ComponentStatus.HEALTHY)

# One section each that makes its part worth the number beside it, and no other part known.
WORTH_HALF: dict[str, dict[str, object]] = {
    "capacity_utilization": {
        "capacity": CapacityMetrics(capacity_utilization=1.0, pending_workflows=0)
    },
    "scheduling_performance": {"scheduling": SchedulingPerformance(p95_scheduling_latency=200.0)},
    "queue_efficiency": {"queuing": QueueMetrics(max_wait_time=600_000.0)},
}


def parts(record: OrchestratorMetrics) -> dict[str, ScorePart]:
    return {part.name: part for part in record.health.diagnostics.score_parts}


def score(record: OrchestratorMetrics) -> float:
    value = score_health(record, None).health.health_score
    assert value is not None
    return value


def test_the_weights_are_the_specifications() -> None:
    assert WEIGHTS == {
        "component_health": 0.3,
        "capacity_utilization": 0.2,
        "scheduling_performance": 0.2,
        "queue_efficiency": 0.15,
        "error_rate": 0.15,
    }


def test_all_parts_known_and_well() -> None:
    scored = score_health(known(HEALTHY_API, **perfect_sections()), None)

    assert scored.health.health_score == pytest.approx(1.0, abs=1e-5)
    assert scored.health.status is HealthStatus.HEALTHY
    assert scored.health.diagnostics.coverage == 1.0


def test_a_mixed_record_by_hand() -> None:
    record = known(
        component(ComponentType.API, ComponentStatus.DEGRADED),
        capacity=CapacityMetrics(capacity_utilization=0.94, pending_workflows=7),
        scheduling=SchedulingPerformance(p95_scheduling_latency=250.0),
        queuing=QueueMetrics(max_wait_time=400_000.0),
        execution=ExecutionMetrics(
            recent=RecentOutcomes(completed=9_990, failed=10, window_s=3600.0)
        ),
    )

    # 0.3 x 0.5 + 0.2 x 0.4 + 0.2 x 0.4 + 0.15 x 0.75 + 0.15 x (1 - 0.0018398 / 0.1)
    assert score(record) == pytest.approx(0.5697403, abs=1e-6)


@pytest.mark.parametrize(("name", "section"), WORTH_HALF.items())
def test_one_known_part_alone_is_the_score(name: str, section: dict[str, object]) -> None:
    scored = score_health(known(**section), None)

    assert scored.health.health_score == pytest.approx(0.5)
    assert scored.health.diagnostics.coverage == WEIGHTS[name]
    assert parts(scored)[name].effective_weight == 1.0


def test_unknown_parts_do_not_count_as_zero() -> None:
    scored = score_health(known(HEALTHY_API), None)

    assert scored.health.health_score == 1.0
    assert scored.health.diagnostics.coverage == 0.3


def test_an_unknown_part_says_why_and_has_no_number() -> None:
    unknown = parts(score_health(known(HEALTHY_API), None))["queue_efficiency"]

    assert (unknown.score, unknown.contribution, unknown.gain) == (None, None, None)
    assert unknown.effective_weight == 0.0
    assert unknown.reason


def test_the_gain_is_what_a_repair_brings() -> None:
    slow = {"scheduling": SchedulingPerformance(p95_scheduling_latency=250.0)}
    before = score_health(known(HEALTHY_API, **slow), None)
    fast = {"scheduling": SchedulingPerformance(p95_scheduling_latency=100.0)}
    after = score_health(known(HEALTHY_API, **fast), None)
    gain = parts(before)["scheduling_performance"].gain

    assert gain == pytest.approx(0.4 * 0.6)  # weight 0.2 of 0.5 known
    assert before.health.health_score == pytest.approx(1 - 0.4 * 0.6)
    assert after.health.health_score == 1.0


def test_failures_lower_the_score_and_successes_raise_it() -> None:
    def outcomes(completed: int, failed: int) -> OrchestratorMetrics:
        recent = RecentOutcomes(completed=completed, failed=failed, window_s=3600.0)
        return known(HEALTHY_API, execution=ExecutionMetrics(recent=recent))

    assert score(outcomes(1000, 10)) > 0.9
    assert score(outcomes(10, 1000)) == pytest.approx(0.3 / 0.45)


def test_nothing_known_has_no_score() -> None:
    scored = score_health(known(), None)

    assert scored.health.health_score is None
    assert scored.health.diagnostics.coverage == 0.0
    assert scored.health.status is HealthStatus.DEGRADED


def test_an_outage_scores_only_what_is_known_of_it() -> None:
    record = outage_record()
    api = component(ComponentType.API, ComponentStatus.UNHEALTHY)
    health = record.health.model_copy(update={"components": (api,)})
    scored = score_health(record.model_copy(update={"health": health}), HealthStatus.HEALTHY)

    assert scored.health.status is HealthStatus.CRITICAL
    assert scored.health.health_score == 0.0
    assert scored.health.diagnostics.coverage == 0.3
    assert scored.capacity is None


def test_the_previous_status_holds_and_is_kept_for_whoever_reckons_again() -> None:
    record = known(capacity=CapacityMetrics(capacity_utilization=0.45))  # 0.8929
    fresh = score_health(record, None)
    held = score_health(record, HealthStatus.HEALTHY)

    assert fresh.health.status is HealthStatus.DEGRADED
    assert held.health.status is HealthStatus.HEALTHY
    assert held.health.diagnostics.previous_status is HealthStatus.HEALTHY


def test_the_reason_names_what_costs_most() -> None:
    record = known(HEALTHY_API, scheduling=SchedulingPerformance(p95_scheduling_latency=400.0))

    assert score_health(record, None).health.diagnostics.status_reason == (
        "The score is 0.7; degraded is from 0.7 to 0.9. scheduling_performance costs most (0.3): "
        "95th percentile of the scheduling latency is 400 ms; the target is 100 ms."
    )


@given(orchestrator_metrics, st.none() | statuses)
def test_any_record_gets_a_score_that_its_parts_explain(
    record: OrchestratorMetrics, previous: HealthStatus | None
) -> None:
    scored = score_health(record, previous)
    found = scored.health.diagnostics.score_parts
    known_parts = [part for part in found if part.score is not None]
    coverage = scored.health.diagnostics.coverage
    value = scored.health.health_score

    assert [part.name for part in found] == list(WEIGHTS)
    assert coverage == pytest.approx(sum(part.weight for part in known_parts))
    assert (value is None) == (not known_parts)
    assert all((part.score is None) == (part.reason is not None) for part in found)
    if value is not None:
        assert 0 <= value <= 1
        assert value == pytest.approx(sum(part.contribution or 0 for part in found), abs=1e-9)
        assert sum(part.effective_weight for part in found) == pytest.approx(1, abs=1e-9)
        assert value <= max(part.score or 0 for part in known_parts) + 1e-9
        assert value >= min(part.score or 0 for part in known_parts) - 1e-9


@given(orchestrator_metrics, st.none() | statuses)
def test_a_scored_record_is_valid_on_the_wire(
    record: OrchestratorMetrics, previous: HealthStatus | None
) -> None:
    scored = score_health(record, previous)

    assert OrchestratorMetrics.model_validate_json(scored.model_dump_json()) == scored


@given(orchestrator_metrics, st.none() | statuses)
def test_scoring_twice_changes_nothing(
    record: OrchestratorMetrics, previous: HealthStatus | None
) -> None:
    scored = score_health(record, previous)

    assert score_health(scored, previous) == scored


# A known backlog would say more than how long items wait: whether full slots hurt.
PERFECT = perfect_sections() | {"queuing": QueueMetrics(max_wait_time=0.0)}


@given(orchestrator_metrics, st.sampled_from(list(PERFECT)))
def test_to_learn_that_a_part_is_perfect_never_lowers_the_score(
    record: OrchestratorMetrics, section: str
) -> None:
    without = score_health(record.model_copy(update={section: None}), None)
    perfect = score_health(record.model_copy(update={section: PERFECT[section]}), None)

    if without.health.health_score is not None:
        assert perfect.health.health_score is not None
        # The bound of a million flawless runs is not quite 0, hence the tolerance.
        assert perfect.health.health_score >= without.health.health_score - 1e-4


@given(orchestrator_metrics, st.sampled_from(["capacity", "scheduling", "queuing", "execution"]))
def test_a_section_that_is_lost_is_left_out_not_counted_as_zero(
    record: OrchestratorMetrics, section: str
) -> None:
    names = {
        "capacity": "capacity_utilization",
        "scheduling": "scheduling_performance",
        "queuing": "queue_efficiency",
        "execution": "error_rate",
    }
    lost = parts(score_health(record.model_copy(update={section: None}), None))

    assert lost[names[section]].score is None
    assert lost[names[section]].effective_weight == 0.0
