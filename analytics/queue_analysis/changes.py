"""Which settings of a queue to change: each either a change, or why it is kept."""

from math import inf

from analytics.queue_analysis.case import Case
from analytics.queue_analysis.observed import known
from analytics.queue_analysis.plans import OptimizationType, QueueChange, RiskLevel
from analytics.queue_analysis.retries import retry_policy
from analytics.queueing import MOST_LOAD, Traffic, workers_for

__all__ = ["Decision", "batch_change", "consumer_change", "retry_change"]

NO_SERVICE = "How long an item keeps a consumer busy is unknown."
Decision = QueueChange | str


def batch_change(case: Case) -> Decision:
    """Another size, or why the current one is kept."""
    cost, current = case.cost, case.config.batch_size
    consumers, demand = case.consumers, case.demand_per_s
    if isinstance(cost, str):
        return cost
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


def consumer_change(case: Case, batch_size: int) -> Decision:
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
    for_backlog = workers_for(Traffic(rate, service_s), inf, goal.most_utilization_ratio)
    needed = max(for_wait, for_backlog)
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


def retry_change(case: Case) -> Decision:
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
