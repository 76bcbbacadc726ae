"""Unit tests of rules as data: series in, expected alerts at times out.

The series are written as `promtool test rules` writes them: `5`, `_` (not known), `5x3` (5 and
three more of it), `0+10x4` (0 10 20 30 40), `100-10x2`; other words stand for themselves.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from uuid import UUID

import yaml
from pydantic import Field, PositiveFloat, ValidationError

from analytics.alerting.evaluator import evaluate
from analytics.alerting.rules import Declared, RulePack
from analytics.alerting.signals import Sample
from analytics.alerting.state import SubjectState
from contracts.alerts import Alert, AlertSeverity, AlertState
from contracts.base import NonNegative
from contracts.orchestrator import OrchestratorType

__all__ = ["Expected", "RuleTest", "RuleTests", "read_tests", "run_tests", "values_of"]

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ANYONE = UUID(int=1)
MOST_VALUES = 1_000_000
ITEM = re.compile(r"(-?[\d.]+(?:e-?\d+)?)(?:([+-])([\d.]+(?:e-?\d+)?))?x(\d+)")

Value = float | str | None


class Expected(Declared):
    """What must be so at one time, or must not."""

    at_s: NonNegative
    rule: str
    state: AlertState | None = Field(description="null: there is no such alert.")
    severity: AlertSeverity | None = None
    message: str | None = None


class RuleTest(Declared):
    """Series of one subject, and what comes of them."""

    name: str
    interval_s: PositiveFloat = 60.0
    orchestrator_type: OrchestratorType | None = None
    unreachable: str = Field(default="", description="Series: 1 where it did not answer.")
    series: dict[str, str] = Field(description="Signal -> values, one an interval.")
    expect: tuple[Expected, ...] = Field(min_length=1)


class RuleTests(Declared):
    """A file of tests."""

    tests: tuple[RuleTest, ...] = Field(min_length=1)


def read_tests(text: str) -> RuleTests:
    """The tests of a YAML document. Raises `ValueError` that says where it is wrong."""
    try:
        return RuleTests.model_validate(yaml.safe_load(text))
    except (yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"not a file of rule tests: {error}") from error


def run_tests(pack: RulePack, tests: RuleTests) -> tuple[str, ...]:
    """What is not as expected, a sentence each; none: all passed.

    Raises `ValueError` for a series that cannot be read.
    """
    return tuple(failure for test in tests.tests for failure in _failures(pack, test))


def values_of(series: str) -> tuple[Value, ...]:
    """The values that a series stands for. Raises `ValueError` for more than a million."""
    values: list[Value] = []
    for item in series.split():
        found = ITEM.fullmatch(item)
        if found is None:
            repeated, _, times = item.rpartition("x") if item.startswith("_x") else (item, "", "0")
            values += [_value(repeated)] * _times(times, len(values))
            continue
        first, sign, step, times = found.groups()
        change = float(step or 0) * (-1 if sign == "-" else 1)
        values += [float(first) + i * change for i in range(_times(times, len(values)))]
    return tuple(values)


def _times(text: str, before: int) -> int:
    if not text.isdigit() or before + int(text) >= MOST_VALUES:
        raise ValueError(f"not a number of repetitions: {text}")
    return int(text) + 1


def _value(item: str) -> Value:
    if item == "_":
        return None
    try:
        return float(item)
    except ValueError:
        return item


def _failures(pack: RulePack, test: RuleTest) -> Iterator[str]:
    known = {rule.name for rule in pack.rules}
    told = list(_play(pack, test))
    for expected in test.expect:
        where = f"{test.name}: {expected.rule} at {expected.at_s:g} s"
        if expected.rule not in known:
            yield f"{where}: the pack has no such rule"
            continue
        step = int(expected.at_s // test.interval_s)
        if step >= len(told):
            yield f"{where}: the series end before"
            continue
        alert = next((it for it in told[step] if it.rule == expected.rule), None)
        yield from (f"{where}: {wrong}" for wrong in _differences(expected, alert))


def _play(pack: RulePack, test: RuleTest) -> Iterator[Sequence[Alert]]:
    """Alerts after each interval."""
    state = SubjectState()
    columns = [values_of(text) for text in test.series.values()]
    rows = max((len(column) for column in columns), default=0)
    down = values_of(test.unreachable)
    for i, values in enumerate(zip_longest(*columns)):
        sample = Sample(
            at=BEGIN + timedelta(seconds=i * test.interval_s),
            orchestrator_id=ANYONE,
            subject_id=ANYONE,
            signals={"interval_s": test.interval_s} | dict(zip(test.series, values, strict=True)),
            orchestrator_type=test.orchestrator_type,
            reachable=i >= min(rows, len(down)) or down[i] != 1.0,
        )
        done = evaluate(pack, state, sample)
        state = done.state
        yield done.alerts


def _differences(expected: Expected, alert: Alert | None) -> Iterator[str]:
    state = alert.state if alert else None
    if state != expected.state:
        yield f"expected {expected.state or 'no alert'}, got {state or 'none'}"
    elif alert is not None:
        if expected.severity not in {None, alert.severity}:
            yield f"expected severity {expected.severity}, got {alert.severity}"
        if expected.message not in {None, alert.message}:
            yield f"expected {expected.message!r}, got {alert.message!r}"
