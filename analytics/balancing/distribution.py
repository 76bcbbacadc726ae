"""How evenly work lies on workers: `LoadBalancerAnalyzer.analyze_load_distribution`."""

from collections.abc import Iterator, Mapping
from statistics import fmean, median, pstdev

from analytics.balance import jain_index
from analytics.balancing.findings import LoadDistribution, UnevenWorker
from analytics.findings import Confidence, Recommendation
from contracts.load_balancing import WorkloadDistribution

__all__ = ["distribution"]

LEAST_WORKERS = 2
MADS = 3 * 1.4826
"""Median absolute deviations that are as rare as three standard deviations of a normal load."""

FAR_RATIO = 0.25
EVEN_CV = 0.10
"""The specification's target: a standard deviation below 10 % of the mean (Jain's index 0.990)."""

METHOD = (
    "Imbalance: largest / mean - 1. Fairness: Jain's index. Far off is a load more than 3 robust "
    "standard deviations (1.4826 MAD) from the median and more than 25 % from the mean."
)


def distribution(given: WorkloadDistribution) -> LoadDistribution:
    """See `LoadBalancerAnalyzer.analyze_load_distribution`."""
    loads, unit = dict(given.worker_loads), given.load_unit or "the unit of the record"
    if len(loads) < LEAST_WORKERS:
        known = "The load of no worker is" if not loads else "The load of a single worker is"
        return LoadDistribution(
            mean_load=fmean(loads.values()) if loads else None,
            evidence=(),
            confidence=Confidence.LOW,
            method=METHOD,
            reason=f"{known} known, and a balance takes {LEAST_WORKERS}.",
        )
    largest = max(loads.values())
    # In shares of the largest, so that neither a sum nor a square is too large.
    shares = {worker: load / largest if largest else 0.0 for worker, load in loads.items()}
    mean, deviation = fmean(shares.values()), pstdev(shares.values())
    hot, idle = _uneven(loads, shares, largest)
    varies = deviation / mean if mean else None
    return LoadDistribution(
        mean_load=mean * largest,
        std_deviation=deviation * largest,
        coefficient_variation=varies,
        imbalance_score=max(0.0, 1 / mean - 1) if mean else None,
        hotspots=hot,
        underutilized=idle,
        fairness_index=jain_index(list(loads.values())),
        recommendations=tuple(_recommendations(varies, hot, idle)),
        evidence=(
            f"{len(loads)} workers, loads of {min(loads.values()):.4g} to {largest:.4g} "
            f"({unit}), median {median(shares.values()) * largest:.4g}.",
        ),
        confidence=Confidence.HIGH,
        method=METHOD,
        reason=None if mean else "No worker has any load, so nothing is shared out.",
    )


def _uneven(
    loads: Mapping[str, float], shares: Mapping[str, float], largest: float
) -> tuple[tuple[UnevenWorker, ...], tuple[UnevenWorker, ...]]:
    """Workers with far too much, and with far too little."""
    mean, middle = fmean(shares.values()), median(shares.values())
    spread = MADS * median(abs(share - middle) for share in shares.values())
    high = max(middle + spread, (1 + FAR_RATIO) * mean)
    low = min(middle - spread, (1 - FAR_RATIO) * mean)

    def found(worker: str, limit: float) -> UnevenWorker:
        # The limit may be above the largest float where the loads nearly are.
        return UnevenWorker(
            worker_id=worker,
            load=loads[worker],
            limit=min(limit * largest, float(2**1023)),
            mean_ratio=shares[worker] / mean,
        )

    ordered = sorted(shares, key=lambda worker: (shares[worker], worker))
    hot = [found(worker, high) for worker in reversed(ordered) if shares[worker] > high]
    idle = [found(worker, low) for worker in ordered if shares[worker] < low]
    return tuple(hot), tuple(idle)


def _recommendations(
    varies: float | None, hot: tuple[UnevenWorker, ...], idle: tuple[UnevenWorker, ...]
) -> Iterator[Recommendation]:
    if hot:
        worst = hot[0]
        yield Recommendation(
            action=f"Take work from {', '.join(each.worker_id for each in hot)}.",
            evidence=f"{worst.worker_id} has {worst.mean_ratio:.3g} times the mean load; above "
            f"{worst.limit:.4g} a load is far off.",
            effect="What waits there waits less.",
            risk="Work that must stay with its worker (sessions, caches) starts cold elsewhere.",
        )
    if idle:
        worst = idle[0]
        yield Recommendation(
            action=f"Look why {', '.join(each.worker_id for each in idle)} get so little.",
            evidence=f"{worst.worker_id} has {worst.mean_ratio:.3g} times the mean load; below "
            f"{worst.limit:.4g} a load is far off.",
            effect="Workers that are paid for do their share.",
            risk="They may be new, draining or slow: then it is right so.",
        )
    if varies is not None and varies >= EVEN_CV:
        yield Recommendation(
            action="Compare balancing algorithms on this workload.",
            evidence=f"The loads' standard deviation is {varies:.0%} of their mean; the target is "
            f"below {EVEN_CV:.0%}.",
            effect="Another one is recommended only where simulation shows shorter waits.",
            risk="None: nothing is changed.",
        )
