"""The result of `WorkerPoolOptimizer.optimize_worker_pool`."""

from typing import Generic, TypeVar

from pydantic import Field

from analytics.findings import Confidence, Finding, Recommendation

__all__ = ["CostImpact", "Optimization", "PoolOptimization", "PoolOptimizations"]

T = TypeVar("T")


class Optimization(Finding, Generic[T]):
    """One side of a pool. `recommended` is null where `reason` says why: it is well, or unknown."""

    current: T | None = None
    recommended: T | None = None
    effect: str | None = None
    risk: str | None = None
    evidence: tuple[str, ...] = ()
    reason: str | None = None


class PoolOptimizations(Finding):
    """The specification's five."""

    size_optimization: Optimization[int] = Field(description="Workers, of a fixed number.")
    resource_allocation: Optimization[dict[str, float]] = Field(
        description="`slots_per_worker`, by what CPU and memory a used slot takes."
    )
    scaling_policy: Optimization[dict[str, object]] = Field(
        description="Settings of a policy, its `kind` among them; currently null: not told."
    )
    worker_placement: Optimization[dict[str, float]] = Field(
        description="`most_workers_per_host` and `hosts`; of nodes `_per_zone` and `zones`."
    )
    health_checks: Optimization[dict[str, float]] = Field(
        description="`interval_s` between two signs of life, `timeout_s` until a worker is lost."
    )


class CostImpact(Finding):
    """What the recommendation changes, by the pool's own history."""

    current_worker_hours_per_day: float | None = None
    optimized_worker_hours_per_day: float | None = None
    change_worker_hours_per_day: float | None = None
    change_cost_per_day: float | None = Field(
        default=None, description="In the currency of the price."
    )
    reason: str | None = Field(default=None, description="Why a part of it is unknown.")


class PoolOptimization(Finding):
    """What to change in a pool. Whoever changes it decides; nothing here acts."""

    current_efficiency: float | None = Field(
        description="Work that the workers held / what they could hold, 0..1, on average."
    )
    optimizations: PoolOptimizations
    expected_efficiency: float | None = Field(
        description="The same with the recommended policy, else the recommended size."
    )
    cost_impact: CostImpact
    implementation_steps: tuple[Recommendation, ...] = Field(description="In this order.")
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str
    reason: str | None = Field(default=None, description="Why nothing is recommended.")
