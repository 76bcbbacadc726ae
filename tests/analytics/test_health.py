"""`OrchestratorAnalyzer`: the record's own score, explained."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.findings import Confidence
from analytics.health import score_health
from analytics.orchestrator import OrchestratorAnalyzer
from contracts.health import ComponentStatus, ComponentType, HealthStatus
from contracts.orchestrator import CapacityMetrics, Metadata, OrchestratorMetrics
from tests.analytics.samples import component, known, perfect_sections
from tests.analytics.strategies import orchestrator_metrics, statuses
from tests.records import orchestrator_record, outage_record

analyze = OrchestratorAnalyzer().analyze_orchestrator_health
API = component(ComponentType.API, ComponentStatus.HEALTHY)


def test_the_specifications_keys_come_first() -> None:
    assert list(analyze(orchestrator_record()).model_dump())[:9] == [
        "health_score",
        "health_status",
        "status_reason",
        "component_analysis",
        "capacity_analysis",
        "scheduling_efficiency",
        "queue_health",
        "bottlenecks",
        "recommendations",
    ]


@pytest.mark.parametrize("previous", [None, *HealthStatus])
@pytest.mark.parametrize(
    "record",
    [
        orchestrator_record(),
        outage_record(),
        known(),
        known(capacity=CapacityMetrics(capacity_utilization=0.45)),  # 0.8929: where it matters
    ],
)
def test_the_analysis_has_the_records_score_and_status(
    record: OrchestratorMetrics, previous: HealthStatus | None
) -> None:
    scored = score_health(record, previous)
    analysis = analyze(scored)

    assert analysis.health_score == scored.health.health_score
    assert analysis.health_status == scored.health.status
    assert analysis.status_reason == scored.health.diagnostics.status_reason


@given(orchestrator_metrics, st.none() | statuses)
def test_every_record_is_explained_by_its_own_numbers(
    record: OrchestratorMetrics, previous: HealthStatus | None
) -> None:
    scored = score_health(record, previous)
    stored = OrchestratorMetrics.model_validate_json(scored.model_dump_json())
    analysis = analyze(stored)
    parts = scored.health.diagnostics.score_parts

    assert analysis.health_score == scored.health.health_score
    assert analysis.health_status == scored.health.status
    assert analysis.coverage == scored.health.diagnostics.coverage
    assert [item.contribution for item in analysis.contributions] == [
        part.contribution for part in parts
    ]
    assert json.loads(analysis.model_dump_json())["health_status"] == analysis.health_status


def test_keys_are_snake_case_all_the_way_down() -> None:
    def keys(value: object) -> list[str]:
        if isinstance(value, dict):
            return [*value, *(key for item in value.values() for key in keys(item))]
        return [key for item in value for key in keys(item)] if isinstance(value, list) else []

    analysis = analyze(orchestrator_record())
    result = analysis.model_dump(mode="json", exclude={"contributions": {"__all__": {"raw"}}})

    assert [key for key in keys(result) if key != key.lower()] == []


def test_components_are_counted_and_unknown_is_a_count_of_its_own() -> None:
    found = analyze(
        known(
            API,
            component(ComponentType.DATABASE, ComponentStatus.UNHEALTHY, "refuses connections"),
            component(ComponentType.CACHE, None),
        )
    ).component_analysis

    assert (found.healthy, found.degraded, found.unhealthy, found.unknown) == (1, 0, 1, 1)
    assert [item.weight for item in found.components] == [1.0, 2.0, 1.0]
    assert found.findings == (
        "database database is down: critical at once.",
        "database: refuses connections",
    )


@pytest.mark.parametrize(
    ("utilization", "pending", "finding"),
    [
        (0.94, 3, "Utilization 0.94 is above 0.85 and work waits."),
        (0.94, 0, "Utilization 0.94 is above 0.85 and nothing waits."),
        (0.94, None, "Utilization 0.94 is above 0.85."),
        (0.2, None, "Utilization 0.2 is below 0.7: slots stand idle."),
    ],
)
def test_capacity_off_its_target_is_said(
    utilization: float, pending: int | None, finding: str
) -> None:
    capacity = CapacityMetrics(capacity_utilization=utilization, pending_workflows=pending)

    assert analyze(known(capacity=capacity)).capacity_analysis.findings == (finding,)


def test_missing_slots_are_null_not_zero_while_the_slots_are_unknown() -> None:
    found = analyze(known(capacity=CapacityMetrics(capacity_utilization=0.99))).capacity_analysis

    assert found.missing_slots is None


def test_unknown_sections_have_reasons_and_nulls() -> None:
    metadata = Metadata(unavailable={"/scheduling": "no histogram", "/capacity": "no slots"})
    analysis = analyze(known(API, metadata=metadata))

    assert analysis.scheduling_efficiency.reason == "no histogram"
    assert analysis.scheduling_efficiency.p95_latency_ms is None
    assert analysis.capacity_analysis.reason == "no slots"
    assert analysis.capacity_analysis.used_slots is None


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (known(API, **perfect_sections()), Confidence.HIGH),
        (
            known(
                API,
                **perfect_sections(),
                metadata=Metadata(estimated=("/capacity/capacityUtilization",)),
            ),
            Confidence.MEDIUM,
        ),
        (known(API, **perfect_sections(), metadata=Metadata(partial=True)), Confidence.MEDIUM),
        (known(API, **(perfect_sections() | {"execution": None})), Confidence.MEDIUM),
        (known(API), Confidence.LOW),
        (known(), Confidence.LOW),
    ],
)
def test_confidence_is_how_much_was_measured(
    record: OrchestratorMetrics, expected: Confidence
) -> None:
    assert analyze(record).confidence is expected


def test_the_method_names_weights_and_bands() -> None:
    method = analyze(known()).method

    assert "error_rate 0.15" in method
    assert "0.9 healthy" in method
    assert "Wilson" in method
