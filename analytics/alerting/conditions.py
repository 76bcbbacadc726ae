"""Whether a condition holds or has cleared. What is not known does neither."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import inf, isfinite

from analytics.alerting.rules import BurnRate, Condition, DrainTime, Rule, Threshold
from analytics.alerting.signals import Sample
from analytics.alerting.state import Windows, add, window_sum

__all__ = ["Judgement", "judge", "windows_after"]

COVERED_SHARE = 0.5
"""Of a window must have been seen, before a rate over it is believed."""


@dataclass(frozen=True)
class Judgement:
    """Both null: it could not be judged. Both false: between the limit and `clear`."""

    holds: bool | None
    clears: bool | None
    value: float | None = None
    threshold: float | None = None
    evidence: dict[str, float | str | None] = field(default_factory=dict)


UNKNOWN = Judgement(None, None)


def number(sample: Sample, signal: str) -> float | None:
    """A signal as a finite number."""
    value = sample.signals.get(signal)
    if isinstance(value, str) or value is None or not isfinite(value):
        return None
    return value


def windows_after(rules: Iterable[Rule], sample: Sample, windows: Windows) -> Windows:
    """All windows of the rules with the sample in them."""
    wanted = set(chain.from_iterable(_windows(it) for rule in rules for it in rule.when))
    at_s = sample.at.timestamp()
    covered_s = number(sample, "interval_s") or 0.0
    after = dict(windows)
    for names, window_s in wanted:
        values = [value for name in names if (value := number(sample, name)) is not None]
        # All of them or none: a share of two sums needs both of the same time.
        if len(values) < len(names) or min(values) < 0:
            continue
        for name, value in zip(names, values, strict=True):
            key = _key(names, name, window_s)
            after[key] = add(after.get(key, ()), at_s, window_s, value, covered_s)
    return after


def _windows(condition: Condition) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(condition, DrainTime):
        yield (condition.finished,), condition.window_s
    elif isinstance(condition, BurnRate):
        yield (condition.bad, condition.total), condition.long_s
        yield (condition.bad, condition.total), condition.short_s


def _key(names: Sequence[str], name: str, window_s: float) -> str:
    return f"{'+'.join(names)}/{name}/{window_s:g}"


def judge(condition: Condition, sample: Sample, windows: Windows) -> Judgement:
    """The condition at the sample; `windows` holds the sample already."""
    if isinstance(condition, Threshold):
        return _threshold(condition, sample)
    if isinstance(condition, DrainTime):
        return _drain_time(condition, sample, windows)
    return _burn_rate(condition, sample, windows)


def _threshold(condition: Threshold, sample: Sample) -> Judgement:
    if condition.equals is not None:
        word = sample.signals.get(condition.signal)
        if not isinstance(word, str):
            return UNKNOWN
        same = word == condition.equals
        return Judgement(same, not same, evidence={condition.signal: str(word)})
    value, limit = number(sample, condition.signal), condition.limit
    if value is None or limit is None:
        return UNKNOWN
    strict = condition.at_least is None and condition.at_most is None
    beyond = value > limit if condition.rises else value < limit
    holds = beyond or (value == limit and not strict)
    clears = not holds
    if condition.clear is not None:
        back = value <= condition.clear if condition.rises else value >= condition.clear
        clears = back and not holds
    return Judgement(holds, clears, value, limit, {condition.signal: value})


def _drain_time(condition: DrainTime, sample: Sample, windows: Windows) -> Judgement:
    waiting = number(sample, condition.waiting)
    key = _key((condition.finished,), condition.finished, condition.window_s)
    seen = window_sum(windows.get(key, ()), sample.at.timestamp(), condition.window_s)
    if waiting == 0:
        return Judgement(False, True, 0.0, condition.above_s)
    if waiting is None or waiting < 0 or seen is None:
        return UNKNOWN
    finished, covered_s = seen
    if covered_s < COVERED_SHARE * condition.window_s:
        return UNKNOWN
    drain_s = waiting / (finished / covered_s) if finished / covered_s > 0 else inf
    return Judgement(
        holds=drain_s > condition.above_s,
        clears=drain_s <= condition.clear_s,
        value=drain_s if isfinite(drain_s) else None,
        threshold=condition.above_s,
        evidence={
            condition.waiting: waiting,
            f"{condition.finished}_in_window": finished,
            "window_s": covered_s,
        },
    )


def _burn_rate(condition: BurnRate, sample: Sample, windows: Windows) -> Judgement:
    burns: list[float] = []
    evidence: dict[str, float | str | None] = {}
    names = (condition.bad, condition.total)
    for window_s in (condition.short_s, condition.long_s):
        sums = [
            window_sum(windows.get(_key(names, it, window_s), ()), sample.at.timestamp(), window_s)
            for it in names
        ]
        bad, total = (None if it is None else it[0] for it in sums)
        if bad is None or total is None:
            return UNKNOWN
        if total <= 0:
            # Nothing happened, so nothing of the budget was spent.
            return Judgement(False, True, 0.0, condition.factor)
        burns.append(bad / total / condition.budget_ratio)
        evidence = {
            f"{condition.bad}_ratio": bad / total,
            f"{condition.total}_in_window": total,
        }
        enough = total >= condition.min_events
    burn = min(burns)
    if not isfinite(burn):
        return UNKNOWN
    evidence["burn_rate"] = burn
    return Judgement(
        holds=burn > condition.factor and enough,
        clears=burn <= condition.factor,
        value=burn,
        threshold=condition.factor,
        evidence=evidence,
    )
