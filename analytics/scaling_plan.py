"""From arrivals to workers, and from workers to orders, triggers and costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, isfinite

from analytics.health_parts import TARGET_HIGH_RATIO, TARGET_WAIT_MS
from analytics.queueing import MOST_LOAD, Traffic, arrival_rate_for, mean_wait_s, workers_for
from analytics.scaling_findings import (
    CostEstimate,
    LoadStep,
    PlanAction,
    ScalingStep,
    WorkerTrigger,
)

__all__ = [
    "STEP",
    "STEPS",
    "PoolNow",
    "ScalingGoal",
    "Sizing",
    "cost",
    "plan",
    "required_workers",
    "triggers",
]

STEP = timedelta(minutes=5)
STEPS = 12
HOUR = STEP * STEPS


@dataclass(frozen=True)
class PoolNow:
    """The pool as it is. Null is unknown.

    `worker_capacity_per_s`: tasks per second of one worker that is always busy, on all its
    `slots_per_worker` together. `waiting`: tasks that wait already. The squared coefficients of
    variation are those of the service times and of the times between arrivals. Raises
    `ValueError` for what is negative or not finite.
    """

    total_workers: int | None
    worker_capacity_per_s: float | None
    slots_per_worker: int = 1
    waiting: float | None = None
    service_cv2: float | None = None
    arrival_cv2: float | None = None
    cost_per_worker_hour: float | None = None

    def __post_init__(self) -> None:
        amounts = (
            self.total_workers,
            self.worker_capacity_per_s,
            self.waiting,
            self.service_cv2,
            self.arrival_cv2,
            self.cost_per_worker_hour,
        )
        if not all(isfinite(each) and each >= 0 for each in amounts if each is not None):
            raise ValueError(f"what is known of a pool must be finite and >= 0, not {amounts}")
        if self.slots_per_worker < 1:
            raise ValueError(f"a worker has at least 1 slot, not {self.slots_per_worker}")

    @property
    def service_s(self) -> float | None:
        """How long one task keeps a slot busy; null where unknown, or where nothing gets done."""
        capacity = self.worker_capacity_per_s
        seconds = self.slots_per_worker / capacity if capacity else None
        return seconds if seconds is not None and isfinite(seconds) else None


@dataclass(frozen=True)
class ScalingGoal:
    """What the size is chosen for.

    `provisioning_s`: from the order of a worker to its first task. `hold_s`: how long a size is
    kept before it may shrink. `shortage_cost` and `surplus_cost`: what a missing worker and one
    too many cost in the same time; only their ratio counts. Raises `ValueError` for what cannot
    be aimed at.
    """

    target_wait_s: float = TARGET_WAIT_MS / 1000
    provisioning_s: float = 300.0
    hold_s: float = 300.0
    most_utilization_ratio: float = TARGET_HIGH_RATIO
    shortage_cost: float = 9.0
    surplus_cost: float = 1.0

    def __post_init__(self) -> None:
        above_0 = (self.target_wait_s, self.shortage_cost, self.surplus_cost)
        if not all(isfinite(each) and each > 0 for each in above_0):
            raise ValueError(f"target wait and costs must be finite and > 0, not {above_0}")
        times = (self.provisioning_s, self.hold_s)
        if not all(0 <= each <= HOUR.total_seconds() for each in times):
            raise ValueError(f"provisioning and hold must lie within the hour, not {times}")
        if not 0 < self.most_utilization_ratio <= 1:
            raise ValueError(f"utilization must lie within 0..1: {self.most_utilization_ratio}")

    @property
    def quantile(self) -> float:
        """Of the load that the workers are to do for: the newsvendor's critical ratio."""
        return 1 / (1 + self.surplus_cost / self.shortage_cost)

    @property
    def window_steps(self) -> int:
        """Until a worker ordered now is there, and no other decision could be."""
        return min(STEPS, max(1, _steps(self.provisioning_s + self.hold_s)))

    @property
    def held_steps(self) -> int:
        return max(1, _steps(self.hold_s))


@dataclass(frozen=True)
class Sizing:
    """Workers for arrivals. `service_s` is the pool's, known here."""

    now: PoolNow
    service_s: float
    goal: ScalingGoal

    def workers(self, rate_per_s: float) -> int:
        """The fewest that serve the rate within the target."""
        goal = self.goal
        slots = workers_for(
            self._traffic(rate_per_s), goal.target_wait_s, goal.most_utilization_ratio
        )
        return -(-slots // self.now.slots_per_worker)

    def workers_to_drain(self, rate_per_s: float) -> int:
        """The fewest that also take what waits already, before the size may shrink again.

        They are busy with it for the share that the goal allows, within the target wait or the
        time that a size is kept, whichever is longer.
        """
        goal = self.goal
        waiting_per_s = (self.now.waiting or 0.0) / self.drain_s
        load = min(MOST_LOAD, (rate_per_s + waiting_per_s) * self.service_s)
        return ceil(load / goal.most_utilization_ratio / self.now.slots_per_worker)

    @property
    def drain_s(self) -> float:
        return max(self.goal.target_wait_s, self.goal.hold_s)

    def rate_per_s(self, workers: int) -> float:
        """The highest that so many serve within the target."""
        goal, slots = self.goal, workers * self.now.slots_per_worker
        return arrival_rate_for(
            self._traffic(0.0), slots, goal.target_wait_s, goal.most_utilization_ratio
        )

    def wait_s(self, rate_per_s: float, workers: int) -> float | None:
        """On average; null where it has no bound."""
        wait_s = mean_wait_s(self._traffic(rate_per_s), workers * self.now.slots_per_worker)
        return wait_s if isfinite(wait_s) else None

    def _traffic(self, rate_per_s: float) -> Traffic:
        """What is unknown of the variability is taken as that of exponential times."""
        service_cv2, arrival_cv2 = self.now.service_cv2, self.now.arrival_cv2
        return Traffic(
            rate_per_s,
            self.service_s,
            1.0 if service_cv2 is None else service_cv2,
            1.0 if arrival_cv2 is None else arrival_cv2,
        )


def required_workers(measured: int, loads: Sequence[LoadStep], goal: ScalingGoal) -> int:
    """Until workers ordered now are there: at least the `measured` need."""
    return max([measured, *(load.workers for load in loads[: goal.window_steps])])


def plan(
    current: int, measured: int, at: datetime, loads: Sequence[LoadStep], goal: ScalingGoal
) -> Iterator[ScalingStep]:
    """What to order now, and what the rest of the hour needs on top.

    Nothing is given up later in the hour: that waits until less load has been measured.
    """
    required = required_workers(measured, loads, goal)
    if required > current:
        action, reason = PlanAction.SCALE_UP, "Fewer workers than are needed."
    elif required < current:
        action, reason = PlanAction.SCALE_DOWN, "Neither what arrived nor the forecast needs them."
    else:
        action, reason = PlanAction.MAINTAIN, "As many workers as are needed."
    yield ScalingStep(
        action=action,
        from_workers=current,
        to_workers=required,
        order_at=at,
        needed_at=next((load.at for load in loads if load.workers == required > measured), None),
        reason=reason,
    )
    planned = required
    for load in loads[goal.window_steps :]:
        if load.workers > planned:
            yield ScalingStep(
                action=PlanAction.SCALE_UP,
                from_workers=planned,
                to_workers=load.workers,
                order_at=max(at, load.at - timedelta(seconds=goal.provisioning_s)),
                needed_at=load.at,
                reason=f"{load.upper_rate_per_s:.4g} per second may arrive.",
            )
            planned = load.workers


def triggers(current: int, sizing: Sizing, loads: Sequence[LoadStep]) -> Iterator[WorkerTrigger]:
    """The arrival rates at which the workers there are become too few, and one too many."""
    too_many = sizing.rate_per_s(current)
    yield WorkerTrigger(
        action=PlanAction.SCALE_UP,
        arrival_rate_per_s=too_many,
        for_s=0.0,
        expected_at=next((each.at for each in loads if each.arrival_rate_per_s > too_many), None),
        earliest_at=next((each.at for each in loads if each.upper_rate_per_s > too_many), None),
    )
    if current:
        yield WorkerTrigger(
            action=PlanAction.SCALE_DOWN,
            arrival_rate_per_s=sizing.rate_per_s(current - 1),
            for_s=sizing.goal.hold_s,
        )


def cost(
    current: int, steps: Sequence[ScalingStep], at: datetime, price: float | None
) -> CostEstimate:
    """Of the hour from `at` on; a worker costs from its order on."""
    change_hours = sum(
        (step.to_workers - step.from_workers) * ((at + HOUR - step.order_at) / HOUR)
        for step in steps
    )
    return CostEstimate(
        current_worker_hours=float(current),
        planned_worker_hours=current + change_hours,
        change_worker_hours=change_hours,
        change_cost=None if price is None else price * change_hours,
        reason="What a worker costs is unknown." if price is None else None,
    )


def _steps(seconds: float) -> int:
    return ceil(seconds / STEP.total_seconds())
