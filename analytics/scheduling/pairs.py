"""Two algorithms in pairs of hours: how much is saved, and can chance explain it?

Hours of one day are alike, so days are drawn (bootstrap, Efron 1979) and flipped (Fisher's
permutation test) as a whole. Effect size: N. Cliff, "Dominance statistics" (1993).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from analytics.forecasting.series import FloatArray
from analytics.scheduling.findings import Pairing, SchedulingComparison
from analytics.scheduling.samples import Cell

__all__ = ["LEAST_DAYS", "LEAST_DECISIONS", "compare", "corrected"]

LEAST_DECISIONS, LEAST_DAYS = 200, 3
LEAST_PAIRS = 12
DAY_H, WEEK_H = 24, 7 * 24
RESAMPLES = 2000
EXACT_DAYS = 12
INTERVAL = (0.025, 0.975)

Pairs = dict[int, list[tuple[float, float]]]
"""Day -> mean latencies of the current one and of the other, hour by hour."""


def compare(
    name: str, current: Mapping[int, Cell], other: Mapping[int, Cell], seed: int
) -> SchedulingComparison:
    """`other` against `current`, by hour. p is not corrected yet."""
    for cells, whose in ((current, "the current one"), (other, name)):
        decisions = sum(each.decisions for each in cells.values())
        days = len({hour // DAY_H for hour in cells})
        if decisions < LEAST_DECISIONS or days < LEAST_DAYS:
            reason = (
                f"{decisions} decisions on {days} days are known under {whose}, and "
                f"{LEAST_DECISIONS} on {LEAST_DAYS} are needed."
            )
            return SchedulingComparison(algorithm=name, reason=reason)
    pairing, pairs = _paired(current, other)
    count = sum(map(len, pairs.values()))
    if count < LEAST_PAIRS or len(pairs) < LEAST_DAYS:
        reason = (
            f"{count} hours on {len(pairs)} days can be paired, and {LEAST_PAIRS} on {LEAST_DAYS} "
            "are needed."
        )
        return SchedulingComparison(
            algorithm=name, pairing=pairing, pairs=count, days=len(pairs), reason=reason
        )
    # In shares of the largest, so that no sum is too large.
    largest = max(each for day in pairs.values() for pair in day for each in pair) or 1.0
    sums = np.array([np.sum(each, axis=0) for each in pairs.values()]) / largest
    ours, theirs = np.array([pair for day in pairs.values() for pair in day]).T
    random = np.random.default_rng(seed)
    drawn = sums[random.integers(len(sums), size=(RESAMPLES, len(sums)))].sum(axis=1)
    low, high = np.quantile(_saved(drawn), INTERVAL)
    return SchedulingComparison(
        algorithm=name,
        pairing=pairing,
        pairs=count,
        days=len(pairs),
        saved_ratio=float(_saved(sums.sum(axis=0)[None, :])[0]),
        saved_interval=(float(low), float(high)),
        p_value=_p_value(sums[:, 0] - sums[:, 1], random),
        cliffs_delta=float(np.sign(ours[:, None] - theirs[None, :]).mean()),
    )


def corrected(p_values: Sequence[float]) -> list[float]:
    """Holm's correction, in the order given (S. Holm, 1979)."""
    order = np.argsort(p_values, kind="stable")
    found = [0.0] * len(p_values)
    least = 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        found[place] = least
    return found


def _paired(current: Mapping[int, Cell], other: Mapping[int, Cell]) -> tuple[Pairing, Pairs]:
    """In the same hours where these are enough, else in hours of the week."""
    both: Pairs = defaultdict(list)
    for hour in sorted(current.keys() & other.keys()):
        both[hour // DAY_H].append((current[hour].mean_ms, other[hour].mean_ms))
    if len(both) >= LEAST_DAYS and sum(map(len, both.values())) >= LEAST_PAIRS:
        return Pairing.SAME_HOURS, both
    ours, theirs = _by_hour_of_week(current), _by_hour_of_week(other)
    weekly: Pairs = defaultdict(list)
    for hour in sorted(ours.keys() & theirs.keys()):
        weekly[hour // DAY_H].append((ours[hour], theirs[hour]))
    return Pairing.HOURS_OF_THE_WEEK, weekly


def _by_hour_of_week(cells: Mapping[int, Cell]) -> dict[int, float]:
    found: dict[int, Cell] = defaultdict(Cell)
    for hour, cell in cells.items():
        of_week = found[hour % WEEK_H]
        of_week.latency_sum_ms += cell.latency_sum_ms
        of_week.decisions += cell.decisions
    return {hour: each.mean_ms for hour, each in found.items()}


def _saved(sums: FloatArray) -> FloatArray:
    """1 - other / current of each row; 0 where the current one never waited, nor the other."""
    ours, theirs = sums[:, 0], sums[:, 1]
    saved: FloatArray = np.where(ours > 0, 1 - theirs / np.where(ours > 0, ours, 1.0), -1.0)
    saved[(ours == 0) & (theirs == 0)] = 0.0
    return saved


def _p_value(differences: FloatArray, random: np.random.Generator) -> float:
    """Share of sign flips of the days whose sum is at least as far from 0; all of them if few."""
    days = len(differences)
    signs: npt.NDArray[np.float64]
    if days <= EXACT_DAYS:
        signs = np.array(list(product((1.0, -1.0), repeat=days)))
    else:
        drawn = random.choice((1.0, -1.0), size=(RESAMPLES, days))
        signs = np.vstack([np.ones(days), drawn])
    far = abs(float(differences.sum())) * (1 - 1e-12)
    return float((np.abs(signs @ differences) >= far).mean())
