"""Alerts of records."""

from datetime import timedelta

from hypothesis import given, settings

from analytics.alerting.manager import OrchestrationAlertManager
from analytics.alerting.rules import packaged
from analytics.alerting.signals import SIGNALS, reason, sample_of
from analytics.alerting.state import SubjectState
from contracts.alerts import AlertRoute, AlertState
from contracts.orchestrator import (
    CapacityMetrics,
    ExecutionMetrics,
    LatencyHistogram,
    OrchestratorMetrics,
    QueueMetrics,
    SchedulingPerformance,
)
from tests.analytics.samples import known
from tests.analytics.strategies import orchestrator_metrics
from tests.records import NOON, outage_record

SPEC = OrchestrationAlertManager(packaged("spec"))


def test_the_conditions_of_the_specification_fire_at_one_record() -> None:
    record = known(
        capacity=CapacityMetrics(capacity_utilization=0.95),
        scheduling=SchedulingPerformance(avg_scheduling_latency=1500.0),
        queuing=QueueMetrics(queues=None, backlog_size=1001),
    )
    check = SPEC.check_orchestrator_alerts(record)

    assert [(it.rule, it.message) for it in check.alerts] == [
        ("CAPACITY_CRITICAL", "Capacity utilization at 95%"),
        ("HIGH_SCHEDULING_LATENCY", "Scheduling latency: 1500ms"),
        ("QUEUE_BACKLOG", "Queue backlog: 1001 messages"),
    ]
    assert {it.state for it in check.alerts} == {AlertState.FIRING}
    assert check.not_judged == ("ORCHESTRATOR_UNHEALTHY",)


def test_an_outage_fires_with_nothing_known() -> None:
    manager, state = OrchestrationAlertManager(), SubjectState()
    for minute in range(3):
        record = outage_record(collected_at=NOON + timedelta(minutes=minute))
        check = manager.check_orchestrator_alerts(record, state)
        state = check.state

    assert [(it.rule, it.state) for it in check.alerts] == [
        ("ORCHESTRATOR_CRITICAL", AlertState.FIRING)
    ]
    assert check.alerts[0].route == AlertRoute.PAGE
    assert "SATURATED" in check.not_judged


def test_a_signal_that_is_not_known_has_a_reason() -> None:
    record = outage_record()

    assert reason(record, "backlog_items") == "127.0.0.1:7233 did not answer within 10 s"
    assert reason(record, "else") == "no signal is called else"


def test_late_placements_are_never_counted_too_many() -> None:
    def late(*bounds_ms: float) -> object:
        counts = tuple(range(1, len(bounds_ms) + 2))
        histogram = LatencyHistogram(bounds_ms=bounds_ms, counts=counts, sum_ms=1.0)
        scheduling = SchedulingPerformance(latency_histogram=histogram)
        return sample_of(known(scheduling=scheduling)).signals["late_placements"]

    assert late(1000, 300_000, 600_000) == 3 + 4
    assert late(1000, 400_000) == 3
    assert late(1000, 2000) is None


def test_finished_workflows_are_known_only_with_both_counts() -> None:
    def finished(completed: int | None, failed: int | None) -> object:
        execution = ExecutionMetrics(completed_workflows=completed, failed_workflows=failed)
        return sample_of(known(execution=execution)).signals["finished_workflows"]

    assert finished(3, 1) == 4
    assert finished(None, 1) is None
    assert finished(3, None) is None
    assert sample_of(known()).signals["finished_workflows"] is None


@settings(max_examples=20, deadline=None)
@given(orchestrator_metrics)
def test_any_record_can_be_judged(record: OrchestratorMetrics) -> None:
    sample = sample_of(record)
    check = SPEC.check_orchestrator_alerts(record)

    assert set(sample.signals) == set(SIGNALS)
    assert all(it.value is not None for it in check.alerts)
    assert len(check.alerts) + len(check.not_judged) <= 4
