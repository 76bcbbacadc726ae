"""Batch size, consumers and retries of one queue: `optimize_queue_configuration`."""

from collections.abc import Iterator, Sequence

from analytics.findings import Confidence
from analytics.queue_analysis.case import NORMAL_GOAL, Case, PerformanceData, QueueGoal
from analytics.queue_analysis.changes import batch_change, consumer_change, retry_change
from analytics.queue_analysis.observed import known
from analytics.queue_analysis.plans import (
    ExpectedPerformance,
    ImplementationRisk,
    OptimizationType,
    Performance,
    QueueChange,
    QueueConfig,
    QueueOptimization,
    RiskLevel,
)
from analytics.queue_analysis.retries import retry_load_ratio
from analytics.queueing import MOST_LOAD, Traffic, mean_wait_s

__all__ = ["optimize"]

METHOD = (
    "Batch: fixed + items x cost of an item, by least squares; the smallest that keeps up. "
    "Consumers: Erlang C for the target wait, and the backlog gone in time. Retries: the load "
    "1 + r + r^2 + ... against a budget; exponential back-off with full jitter. Demand: the most "
    "that arrived in 5 min of the last hour."
)
SETTING = {
    OptimizationType.BATCH_SIZE: "batch_size",
    OptimizationType.CONSUMER_COUNT: "consumers",
    OptimizationType.RETRY_POLICY: "retry_policy",
}


def optimize(
    config: QueueConfig, data: PerformanceData, goal: QueueGoal = NORMAL_GOAL
) -> QueueOptimization:
    """See `QueueAnalyzer.optimize_queue_configuration`."""
    case = Case(config, data, goal)
    batch = batch_change(case)
    batch_size = config.batch_size if isinstance(batch, str) else _with(config, [batch]).batch_size
    decided = {
        OptimizationType.BATCH_SIZE: batch,
        OptimizationType.CONSUMER_COUNT: consumer_change(case, batch_size),
        OptimizationType.RETRY_POLICY: retry_change(case),
    }
    changes = [each for each in decided.values() if isinstance(each, QueueChange)]
    return QueueOptimization(
        current_config=config,
        optimizations=tuple(changes),
        kept={kind: each for kind, each in decided.items() if isinstance(each, str)},
        expected_performance=ExpectedPerformance(
            current=_performance(case, config),
            optimized=_performance(case, _with(config, changes)),
        ),
        implementation_risk=_risk(changes),
        evidence=tuple(_evidence(case)),
        confidence=_confidence(case),
        method=METHOD,
        reason=None if changes else "Nothing is to be changed, or too little is known.",
    )


def _with(config: QueueConfig, changes: Sequence[QueueChange]) -> QueueConfig:
    return config.model_copy(update={SETTING[each.type]: each.recommended for each in changes})


def _performance(case: Case, config: QueueConfig) -> Performance:
    newest = case.data.queue.newest
    rate, service_s = case.measured.arrival_rate_per_s, case.service_s(config.batch_size)
    consumers = newest.consumers if config.consumers is None else config.consumers
    retry_ratio, cost = case.data.retry_ratio, case.cost
    flow = None if rate is None or service_s is None else (rate, service_s)
    return Performance(
        utilization_ratio=known(flow[0] * flow[1] / consumers) if flow and consumers else None,
        mean_wait_s=_wait_s(*flow, consumers) if flow and consumers else None,
        drain_time_s=_drain_s(newest.size, rate, service_s, consumers),
        batch_latency_s=None
        if isinstance(cost, str) or rate is None
        else known(cost.latency_s(config.batch_size, rate)),
        retry_load_ratio=None
        if retry_ratio is None
        else retry_load_ratio(retry_ratio, config.retry_policy),
    )


def _wait_s(rate: float, service_s: float, consumers: int) -> float | None:
    if rate * service_s > MOST_LOAD:
        return None
    return known(mean_wait_s(Traffic(rate, service_s), consumers))


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
        source = (
            "what is worked off, else the processing time"
            if isinstance(case.cost, str)
            else "batches"
        )
        yield f"An item keeps a consumer busy for {service_s:.4g} s, by {source}."
    yield "Times between arrivals and of services are taken as exponential."


def _confidence(case: Case) -> Confidence:
    """High: rates of an hour, batch costs and retries are all measured; low: half of them not."""
    rates = case.measured.arrivals is not None and case.measured.capacity is not None
    measured = (rates, not isinstance(case.cost, str), case.data.retry_ratio is not None)
    if all(measured):
        return Confidence.HIGH
    return Confidence.MEDIUM if rates else Confidence.LOW
