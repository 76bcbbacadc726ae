"""How evenly work lies on workers that could have one another's."""

from collections.abc import Mapping, Sequence
from statistics import fmean, pstdev, pvariance

from agents.missing import Gaps, Missing, over
from analytics.balance import jain_index
from contracts.load_balancing import BalancingEfficiency, WorkloadDistribution

__all__ = ["NO_LOAD", "build_distribution", "build_efficiency", "fairness"]

NO_LOAD = Missing("no worker has any load")
ALL_FULL_RATIO = 0.85
"""Mean load from which a full worker is no hotspot: the top of the specification's target."""


def build_distribution(
    loads: Mapping[str, float] | Missing,
    unit: str,
    moved: int | Missing,
    gaps: Gaps,
    *,
    in_shares: bool = True,
) -> WorkloadDistribution:
    """Of shares of each worker's capacity, 1 is full; or of amounts, where `in_shares` is false and
    nobody can be called full. `moved`: pieces of work handed over.
    """
    known = gaps.take("/distribution/workerLoads", loads)
    values = over(lambda each: list(each.values()), loads)
    full = _full(known or {}) if in_shares else []
    return gaps.fill(
        WorkloadDistribution,
        "/distribution",
        worker_loads=dict(known or {}),
        load_unit=unit,
        standard_deviation=over(lambda each: pstdev(each) if each else NO_LOAD, values),
        imbalance_score=over(_imbalance, values),
        hotspots=tuple(sorted(full)),
        underutilized=tuple(sorted(name for name, load in (known or {}).items() if not load))
        if full
        else (),
        redistribution_count=moved,
        fairness_index=over(fairness, values),
    )


def build_efficiency(
    loads: Mapping[str, float] | Missing,
    response_time_variance: float | Missing,
    throughput_balance: float | Missing,
    resource_balance: float | Missing,
    gaps: Gaps,
) -> BalancingEfficiency:
    """What the distribution of `loads` costs."""
    values = over(lambda each: list(each.values()), loads)
    return gaps.fill(
        BalancingEfficiency,
        "/efficiency",
        load_variance=over(lambda each: pvariance(each) if each else NO_LOAD, values),
        response_time_variance=response_time_variance,
        throughput_balance=throughput_balance,
        resource_utilization_balance=resource_balance,
        fairness_index=over(fairness, values),
    )


def fairness(loads: Sequence[float]) -> float | Missing:
    """Jain's index; missing where nothing is shared out."""
    index = jain_index(loads)
    return NO_LOAD if index is None else index


def _imbalance(loads: Sequence[float]) -> float | Missing:
    mean = fmean(loads) if loads else 0.0
    return pstdev(loads) / mean if mean else NO_LOAD


def _full(loads: Mapping[str, float]) -> list[str]:
    """Full workers while the others have room."""
    if not loads or fmean(loads.values()) >= ALL_FULL_RATIO:
        return []
    return [name for name, load in loads.items() if load >= 1]
