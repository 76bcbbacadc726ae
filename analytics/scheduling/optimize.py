"""Another scheduling algorithm only where evidence carries it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from analytics.balance import jain_index
from analytics.balancing.choice import NORMAL_EFFORT, Effort, choose
from analytics.balancing.workload import Workload
from analytics.findings import Confidence, Recommendation
from analytics.scheduling.findings import (
    AlgorithmPerformance,
    Pairing,
    SchedulingComparison,
    SchedulingOptimization,
    SimulatedScheduling,
)
from analytics.scheduling.pairs import compare, corrected
from analytics.scheduling.samples import Cell, SchedulingSample, cells_of
from contracts.load_balancing import LoadBalancingAlgorithm

__all__ = ["optimize_scheduling"]

ALPHA = 0.05
LEAST_DELTA = 0.147
"""Smaller ones are called negligible (J. Romano et al., 2006)."""

SIMULATED = {
    LoadBalancingAlgorithm.ROUND_ROBIN: "round_robin",
    LoadBalancingAlgorithm.LEAST_CONNECTIONS: "least_loaded",
    LoadBalancingAlgorithm.CONSISTENT_HASH: "affinity_aware",
}
"""Those of the specification of which it is known what they do; of priorities, costs and learnt
ones it is not."""

METHOD = (
    "Mean latencies of the same hours, else of the same hours of the week, in pairs; share saved "
    "by a bootstrap of days, p by sign flips of days with Holm's correction, Cliff's delta. "
    "Another algorithm is recommended only where p < 0.05, delta >= 0.147 and the whole interval "
    "is above 0. Simulations stand beside and recommend nothing."
)


def optimize_scheduling(
    current: str | None,
    samples: Sequence[SchedulingSample],
    workload: Workload | None,
    seed: int,
    effort: Effort = NORMAL_EFFORT,
) -> SchedulingOptimization:
    """See `OrchestratorAnalyzer.optimize_scheduling_algorithm`."""
    cells = cells_of(samples)
    found = _comparisons(current, cells, seed)
    better = [each for each in found if _is_better(each)]
    best = max(better, key=lambda each: _interval(each)[0], default=None)
    simulated, said = _simulated(workload, seed, effort)
    return SchedulingOptimization(
        current_algorithm=current,
        recommended_algorithm=current if best is None else best.algorithm,
        performance_comparison=_performances(cells, samples),
        expected_improvement=_improvement(current, found, best),
        transition_plan=() if current is None or best is None else tuple(_plan(current, best)),
        comparisons=found,
        simulated=simulated,
        evidence=(*(_said(each) for each in found), said),
        confidence=_confidence(best, found),
        method=METHOD,
        reason=None if best is not None else _why_kept(current, cells, found),
    )


def _comparisons(
    current: str | None, cells: Mapping[str, Mapping[int, Cell]], seed: int
) -> tuple[SchedulingComparison, ...]:
    if current is None or current not in cells:
        return ()
    others = sorted(name for name in cells if name != current)
    made = [compare(name, cells[current], cells[name], seed) for name in others]
    told = [each for each in made if each.p_value is not None]
    holm = dict(
        zip(
            (each.algorithm for each in told),
            corrected([each.p_value or 0.0 for each in told]),
            strict=True,
        )
    )
    return tuple(
        each.model_copy(update={"p_value": holm.get(each.algorithm)}) if each in told else each
        for each in made
    )


def _is_better(each: SchedulingComparison) -> bool:
    return (
        each.p_value is not None
        and each.p_value < ALPHA
        and (each.cliffs_delta or 0.0) >= LEAST_DELTA
        and _interval(each)[0] > 0
    )


def _interval(each: SchedulingComparison) -> tuple[float, float]:
    return each.saved_interval or (0.0, 0.0)


def _performances(
    cells: Mapping[str, Mapping[int, Cell]], samples: Sequence[SchedulingSample]
) -> dict[str, AlgorithmPerformance]:
    own: dict[str, list[SchedulingSample]] = defaultdict(list)
    for each in samples:
        if each.algorithm is not None:
            own[each.algorithm].append(each)
    return {name: _performance(cells.get(name, {}), own[name]) for name in sorted(own)}


def _performance(
    cells: Mapping[int, Cell], samples: Sequence[SchedulingSample]
) -> AlgorithmPerformance:
    decisions = sum(each.decisions for each in cells.values())
    rates = [each.throughput_per_s for each in samples if each.throughput_per_s is not None]
    tried = [(each.decisions, each.failures) for each in samples]
    known = [(made, failed) for made, failed in tried if made is not None and failed is not None]
    made, all_ = sum(each[0] for each in known), sum(sum(each) for each in known)
    return AlgorithmPerformance(
        avg_latency=sum(each.latency_sum_ms for each in cells.values()) / decisions
        if decisions
        else None,
        throughput=fmean(rates) if rates else None,
        fairness=jain_index([each.mean_ms for each in cells.values()]),
        efficiency=made / all_ if all_ else None,
        decisions=decisions,
        days=len({hour // 24 for hour in cells}),
    )


def _simulated(
    workload: Workload | None, seed: int, effort: Effort
) -> tuple[tuple[SimulatedScheduling, ...], str]:
    """A replay of random work with the measured or told characteristics."""
    if workload is None:
        return (), "Nothing was simulated: the work is not described."
    found = choose(LoadBalancingAlgorithm.ROUND_ROBIN, workload, seed, effort)
    if not found.simulated:
        return (), f"Nothing was simulated. {found.reason}"
    made = tuple(
        SimulatedScheduling(
            algorithm=SIMULATED[each.algorithm],
            mean_response=each.mean_response,
            p99_response=each.p99_response,
        )
        for each in found.simulated
        if each.algorithm in SIMULATED
    )
    return made, f"Simulated, not measured: {found.evidence[0]}"


def _improvement(
    current: str | None,
    found: Sequence[SchedulingComparison],
    best: SchedulingComparison | None,
) -> float | None:
    if best is not None:
        return best.saved_ratio
    judged = any(each.p_value is not None for each in found)
    return 0.0 if current is not None and judged else None


def _why_kept(
    current: str | None,
    cells: Mapping[str, Mapping[int, Cell]],
    found: Sequence[SchedulingComparison],
) -> str:
    if current is None:
        return "Insufficient evidence: the current algorithm is not known."
    if current not in cells:
        return f"Insufficient evidence: no latency is known under {current}."
    if not found:
        return f"Insufficient evidence: no other algorithm than {current} was ever used."
    if all(each.reason is not None for each in found):
        said = " ".join(f"{each.algorithm}: {each.reason}" for each in found)
        return f"Insufficient evidence. {said}"
    return "Insufficient evidence: none of the others surely waits less."


def _said(each: SchedulingComparison) -> str:
    if each.reason is not None or each.saved_ratio is None:
        return f"{each.algorithm} was not compared: {each.reason}"
    low, high = _interval(each)
    return (
        f"{each.algorithm} saves {each.saved_ratio:.1%} ({low:.1%} to {high:.1%}) of the mean "
        f"latency in {each.pairs} pairs of hours on {each.days} days ({each.pairing}), p "
        f"{each.p_value:.3g}, Cliff's delta {each.cliffs_delta:.2g}."
    )


def _plan(current: str, best: SchedulingComparison) -> list[Recommendation]:
    evidence = _said(best)
    return [
        Recommendation(
            action=f"Use {best.algorithm} for a part of the work, {current} for the rest.",
            evidence=evidence,
            effect="Both are measured in the same hours, which no rhythm of the load explains.",
            risk="Work of the two parts may differ: choose the part at random.",
        ),
        Recommendation(
            action=f"Use {best.algorithm} for all of it once three such days confirm it.",
            evidence=evidence,
            effect=f"The mean latency is {best.saved_ratio:.1%} lower.",
            risk=f"Go back to {current} if it is not lower in the same hours of the next week.",
        ),
    ]


def _confidence(
    best: SchedulingComparison | None, found: Sequence[SchedulingComparison]
) -> Confidence:
    if best is not None:
        same = best.pairing is Pairing.SAME_HOURS
        return Confidence.HIGH if same else Confidence.MEDIUM
    return Confidence.MEDIUM if any(each.p_value is not None for each in found) else Confidence.LOW
