"""Batch size, consumers and retries of one queue: `optimize_queue_configuration`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, isfinite

from analytics.findings import Confidence
from analytics.health_parts import TARGET_HIGH_RATIO, TARGET_WAIT_MS
from analytics.queue_analysis.batches import BatchCost, BatchRun, batch_cost
from analytics.queue_analysis.observed import ObservedQueue, known
from analytics.queue_analysis.performance import Measured
from analytics.queue_analysis.plans import (
    ExpectedPerformance,
    ImplementationRisk,
    OptimizationType,
    Performance,
    QueueChange,
    QueueConfig,
    QueueOptimization,
    RetryPolicy,
    RiskLevel,
)
from analytics.queue_analysis.rates import block_means
from analytics.queue_analysis.retries import retry_load_ratio, retry_policy
from analytics.queueing import MOST_LOAD, Traffic, mean_wait_s, workers_for

__all__ = ["NORMAL_GOAL", "PerformanceData", "QueueConfig", "QueueGoal", "optimize"]

METHOD = (
    "Batch: fixed + items x cost of an item, by least squares; the smallest that keeps up. "
    "Consumers: Erlang C for the target wait, and the backlog gone in time. Retries: the load "
    "1 + r + r^2 + ... against a budget; exponential back-off with full jitter. Demand: the most "
    "that arrived in 5 min of the last hour."
)
NO_SERVICE = "How long an item keeps a consumer busy is unknown."


@dataclass(frozen=True)
class QueueGoal:
    """What settings are chosen for. Raises `ValueError` for what cannot be aimed at.

    `drain_s`: within what a backlog is to be gone. `retry_budget_ratio`: retries / first attempts.
    """

    target_wait_s: float = TARGET_WAIT_MS / 1000
    drain_s: float = 3600.0
    most_utilization_ratio: float = TARGET_HIGH_RATIO
    retry_budget_ratio: float = 0.1

    def __post_init__(self) -> None:
        times = (self.target_wait_s, self.drain_s)
        if not all(isfinite(each) and each > 0 for each in times):
            raise ValueError(f"target wait and drain time must be finite and > 0, not {times}")
        if not 0 < self.most_utilization_ratio <= 1:
            raise ValueError(f"utilization must lie within 0..1: {self.most_utilization_ratio}")
        if not 0 < self.retry_budget_ratio <= 1:
            raise ValueError(f"the retry budget must lie within 0..1: {self.retry_budget_ratio}")


NORMAL_GOAL = QueueGoal()


@dataclass(frozen=True)
class PerformanceData:
    """What was measured of the queue; null is unknown.

    `attempts`: all, with those that were `retried`, of the same time. Raises `ValueError` where
    they cannot be.
    """

    queue: ObservedQueue
    batches: Sequence[BatchRun] = ()
    attempts: int | None = None
    retried: int | None = None
    service_p99_s: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= (self.retried or 0) <= (self.attempts or self.retried or 0):
            raise ValueError(f"{self.retried} of {self.attempts} attempts cannot be retried")
        if self.service_p99_s is not None and self.service_p99_s < 0:
            raise ValueError(f"no service takes {self.service_p99_s} s")

    @property
    def retry_ratio(self) -> float | None:
        if not self.attempts or self.retried is None:
            return None
        return self.retried / self.attempts


@dataclass(frozen=True)
class Case:
    """One queue with its settings and goal, and what follows from them."""

    config: QueueConfig
    data: PerformanceData
    goal: QueueGoal

    @cached_property
    def measured(self) -> Measured:
        return Measured(self.data.queue)

    @cached_property
    def cost(self) -> tuple[BatchCost | None, str | None]:
        return batch_cost(self.data.batches)

    @property
    def consumers(self) -> int | None:
        own = self.config.consumers
        return self.data.queue.newest.consumers if own is None else own

    @property
    def demand_per_s(self) -> float | None:
        """The most that arrived in five minutes of the last hour, else what arrives now."""
        blocks = block_means(self.measured.hour.arrivals_per_s)
        rate = self.measured.arrival_rate_per_s
        return max(float(blocks.max()), rate or 0.0) if len(blocks) else rate

    def service_s(self, batch_size: int) -> float | None:
        """How long an item keeps a consumer busy."""
        cost, _ = self.cost
        return self.measured.service_s if cost is None else cost.took_s(batch_size) / batch_size


def optimize(
    config: QueueConfig, data: PerformanceData, goal: QueueGoal = NORMAL_GOAL
) -> QueueOptimization:
    """See `QueueAnalyzer.optimize_queue_configuration`."""
    case = Case(config, data, goal)
    batch = _batch(case)
    size = batch.recommended if isinstance(batch, QueueChange) else config.batch_size
    assert isinstance(size, int)
    decided = {
        OptimizationType.BATCH_SIZE: batch,
        OptimizationType.CONSUMER_COUNT: _consumers(case, size),
        OptimizationType.RETRY_POLICY: _retries(case),
    }
    changes = tuple(each for each in decided.values() if isinstance(each, QueueChange))
    kept = {kind: each for kind, each in decided.items() if isinstance(each, str)}
    return QueueOptimization(
        current_config=config,
        optimizations=changes,
        kept=kept,
        expected_performance=_expected(case, decided),
        implementation_risk=_risk(changes),
        evidence=tuple(_evidence(case)),
        confidence=_confidence(case),
        method=METHOD,
        reason=None if changes else "Nothing is to be changed, or too little is known.",
    )


Decision = QueueChange | str


def _batch(case: Case) -> Decision:
    """Another size, or why the current one is kept."""
    cost, why = case.cost
    current, consumers, demand = case.config.batch_size, case.consumers, case.demand_per_s
    if cost is None:
        return why or ""
    if not consumers or demand is None:
        return "Unknown: the arrival rate, or consumers that take from the queue."
    wanted = demand / case.goal.most_utilization_ratio
    least = cost.least_items(wanted, consumers)
    if least is None:
        return (
            f"No batch of up to {cost.largest} items, the largest measured, lets {consumers} "
            f"consumers keep up with {demand:.4g} per second."
        )
    rate = case.measured.arrival_rate_per_s or 0.0
    target_s = case.goal.target_wait_s
    if current >= least and cost.latency_s(current, rate) <= target_s:
        return "The current size keeps up, and within the target."
    if cost.latency_s(least, rate) > target_s:
        return f"The smallest batch that keeps up, {least}, takes longer than {target_s:g} s."
    return QueueChange(
        type=OptimizationType.BATCH_SIZE,
        current=current,
        recommended=least,
        impact=f"{consumers} consumers do up to {consumers * least / cost.took_s(least):.4g} "
        f"instead of {consumers * current / cost.took_s(current):.4g} per second.",
        evidence=f"{cost.runs} batches took {cost.fixed_s:.4g} s + {cost.item_s:.4g} s an item; "
        f"at most {demand:.4g} per second arrived.",
        risk="A batch that fails is repeated as a whole; an item waits until its batch is full.",
        risk_level=RiskLevel.MEDIUM,
    )


def _consumers(case: Case, batch_size: int) -> Decision:
    """More consumers, or why their number is kept."""
    current, demand, service_s = case.consumers, case.demand_per_s, case.service_s(batch_size)
    if current is None:
        return "How many consumers there are is unknown."
    if demand is None:
        return "The arrival rate is unknown."
    if not service_s:
        return NO_SERVICE
    goal, size = case.goal, case.data.queue.newest.size
    rate = (case.measured.arrival_rate_per_s or 0.0) + (size or 0) / goal.drain_s
    if max(demand, rate) * service_s > MOST_LOAD:
        return "More arrives than consumers can be counted for."
    for_wait = workers_for(
        Traffic(demand, service_s), goal.target_wait_s, goal.most_utilization_ratio
    )
    needed = max(for_wait, ceil(rate * service_s / goal.most_utilization_ratio))
    if needed <= current:
        return f"{needed} are needed and {current} are there; none is given up on an hour's data."
    return QueueChange(
        type=OptimizationType.CONSUMER_COUNT,
        current=current,
        recommended=needed,
        impact=f"A mean wait of at most {goal.target_wait_s:g} s, and what waits now is gone "
        f"within {goal.drain_s:g} s.",
        evidence=f"At most {demand:.4g} per second arrived, {service_s:.4g} s an item: "
        f"{for_wait} consumers for the wait. {'An unknown number' if size is None else size} "
        "waits now.",
        risk="What the consumers call gets more load; they cost more.",
        risk_level=RiskLevel.LOW,
    )


def _retries(case: Case) -> Decision:
    """Another policy, or why it is kept."""
    ratio, budget = case.data.retry_ratio, case.goal.retry_budget_ratio
    p99_s, current = known(case.data.service_p99_s), case.config.retry_policy
    if ratio is None:
        return "The share of attempts that are retried is unknown."
    if ratio <= budget:
        return f"{ratio:.1%} of attempts are retried, within the budget of {budget:.0%}."
    if p99_s is None:
        return "The 99th percentile of the service time is unknown, so no back-off is told."
    recommended = retry_policy(ratio, p99_s, budget)
    if recommended == current:
        return "It is the one that would be recommended."
    return QueueChange(
        type=OptimizationType.RETRY_POLICY,
        current=current,
        recommended=recommended,
        impact=f"Retries add at most {budget:.0%} to the load, and never come all at once.",
        evidence=f"{case.data.retried} of {case.data.attempts} attempts were retried.",
        risk="What fails while the budget is used up is given up, or must wait.",
        risk_level=RiskLevel.MEDIUM,
    )


def _expected(case: Case, decided: Mapping[OptimizationType, Decision]) -> ExpectedPerformance:
    new = {
        kind: each.recommended for kind, each in decided.items() if isinstance(each, QueueChange)
    }
    batch = new.get(OptimizationType.BATCH_SIZE, case.config.batch_size)
    consumers = new.get(OptimizationType.CONSUMER_COUNT, case.consumers)
    policy = new.get(OptimizationType.RETRY_POLICY, case.config.retry_policy)
    return ExpectedPerformance(
        current=_performance(
            case, case.config.batch_size, case.consumers, case.config.retry_policy
        ),
        optimized=_performance(case, batch, consumers, policy),
    )


def _performance(
    case: Case, batch_size: int, consumers: int | None, policy: RetryPolicy | None
) -> Performance:
    rate, service_s, (cost, _) = (
        case.measured.arrival_rate_per_s,
        case.service_s(batch_size),
        case.cost,
    )
    retry = case.data.retry_ratio
    load = None if rate is None or service_s is None else rate * service_s
    countable = load is not None and load <= MOST_LOAD and consumers
    return Performance(
        utilization_ratio=known(load / consumers) if load is not None and consumers else None,
        mean_wait_s=known(mean_wait_s(Traffic(rate or 0.0, service_s or 0.0), consumers))
        if countable and consumers
        else None,
        drain_time_s=_drain_s(case.data.queue.newest.size, rate, service_s, consumers),
        batch_latency_s=None
        if cost is None or rate is None
        else known(cost.latency_s(batch_size, rate)),
        retry_load_ratio=None if retry is None else retry_load_ratio(retry, policy),
    )


def _drain_s(
    size: int | None, rate: float | None, service_s: float | None, consumers: int | None
) -> float | None:
    if size is None or rate is None or not service_s or consumers is None:
        return None
    surplus = consumers / service_s - rate
    return known(size / surplus) if surplus > 0 else None


def _risk(changes: Sequence[QueueChange]) -> ImplementationRisk:
    order = list(RiskLevel)
    level = max((each.risk_level for each in changes), key=order.index, default=RiskLevel.NONE)
    return ImplementationRisk(level=level, reasons=tuple(each.risk for each in changes))


def _evidence(case: Case) -> Iterator[str]:
    demand, service_s = case.demand_per_s, case.service_s(case.config.batch_size)
    if demand is not None:
        yield f"At most {demand:.4g} per second arrived in 5 min of the last hour."
    if service_s is not None:
        source = "batches" if case.cost[0] else "what is worked off, else the processing time"
        yield f"An item keeps a consumer busy for {service_s:.4g} s, by {source}."
    yield "Times between arrivals and of services are taken as exponential."


def _confidence(case: Case) -> Confidence:
    """High: rates of an hour, batch costs and retries are all measured; low: half of them not."""
    rates = case.measured.arrivals is not None and case.measured.capacity is not None
    measured = (rates, case.cost[0] is not None, case.data.retry_ratio is not None)
    if all(measured):
        return Confidence.HIGH
    return Confidence.MEDIUM if rates else Confidence.LOW
