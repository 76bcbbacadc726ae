"""Unit tests of rules as data."""

import pytest

from analytics.alerting.rule_tests import read_tests, run_tests, values_of
from analytics.alerting.rules import packaged


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ("", ()),
        ("5 _ critical", (5.0, None, "critical")),
        ("5x2", (5.0, 5.0, 5.0)),
        ("-2x1", (-2.0, -2.0)),
        ("0+10x3", (0.0, 10.0, 20.0, 30.0)),
        ("1-0.5x2", (1.0, 0.5, 0.0)),
        ("_x1 7", (None, None, 7.0)),
    ],
)
def test_series_are_written_as_promtool_writes_them(
    series: str, expected: tuple[float | str | None, ...]
) -> None:
    assert values_of(series) == expected


@pytest.mark.parametrize("series", ["5x99999999", "_x99999999", "_x"])
def test_a_series_without_end_is_refused(series: str) -> None:
    with pytest.raises(ValueError, match="repetitions"):
        values_of(series)


def failures(expected: str) -> tuple[str, ...]:
    text = f"""
        tests:
          - name: low
            series: {{health_score: "0.6x3"}}
            expect: [{expected}]
    """
    return run_tests(packaged("spec"), read_tests(text))


@pytest.mark.parametrize(
    ("expected", "told"),
    [
        ("{at_s: 60, rule: ORCHESTRATOR_UNHEALTHY, state: firing}", None),
        ("{at_s: 60, rule: ORCHESTRATOR_UNHEALTHY, state: null}", "expected no alert, got firing"),
        ("{at_s: 60, rule: CAPACITY_CRITICAL, state: firing}", "expected firing, got none"),
        (
            "{at_s: 60, rule: ORCHESTRATOR_UNHEALTHY, state: firing, severity: critical}",
            "expected severity critical, got warning",
        ),
        (
            "{at_s: 60, rule: ORCHESTRATOR_UNHEALTHY, state: firing, message: low}",
            "expected 'low', got 'Orchestrator health score: 0.60'",
        ),
        ("{at_s: 60, rule: NOBODY, state: firing}", "the pack has no such rule"),
        ("{at_s: 600, rule: CAPACITY_CRITICAL, state: null}", "the series end before"),
    ],
)
def test_what_is_not_as_expected_is_told(expected: str, told: str | None) -> None:
    found = failures(expected)

    assert len(found) == (told is not None)
    assert all(line.startswith("low: ") and line.endswith(told or "") for line in found)


@pytest.mark.parametrize("text", ["a: [", "tests: []", "tests: [{name: a}]"])
def test_what_is_no_file_of_tests_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a file of rule tests"):
        read_tests(text)
