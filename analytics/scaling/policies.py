"""Scaling policies: each says from what is known now how many workers a pool should have.

A policy is its settings: a frozen model that a file can name by `kind`. It has no memory and no
clock, so the same situation always gets the same answer, in operation and in a replay.
"""

from dataclasses import dataclass
from math import ceil, isfinite
from typing import Annotated, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from analytics.forecasting.series import FloatArray
from analytics.scaling.windows import ROUNDING, trailing_mean

__all__ = [
    "DefaultPolicy",
    "HpaPolicy",
    "KedaPolicy",
    "PolicySettings",
    "ScalingPolicy",
    "Situation",
    "SpecPolicy",
    "Wanted",
]

LEVEL_S = 300.0
"""The level that spare workers are reckoned from is the mean of so many seconds."""

UNKNOWN = "The load is not known."
Hold = Annotated[float, Field(gt=0, le=86_400)]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a pool when a policy is asked.

    `current`: workers that are ready or starting. `loads`: workers' worth of work by step of
    `step_s` seconds, oldest first, the last one now; NaN is unknown. `predicted_load`: the most
    that is expected before a worker ordered now would be ready. `idle`: workers without work.
    `since_out_s`: how long ago the pool was last made larger. None is unknown.
    """

    current: int
    loads: FloatArray
    step_s: float
    predicted_load: float | None = None
    idle: int | None = None
    since_out_s: float | None = None

    @property
    def load_known(self) -> bool:
        return len(self.loads) > 0 and isfinite(self.loads[-1])


@dataclass(frozen=True, slots=True)
class Wanted:
    """Workers that a policy wants; None is no opinion, and then the pool stays as it is."""

    workers: int | None
    because: str = ""


class ScalingPolicy(Protocol):
    """Says what it wants, and nothing of limits: whoever asks keeps those."""

    @property
    def method(self) -> str:
        """The rule in words, with its source."""

    def wanted(self, situation: Situation) -> Wanted:
        """Workers wanted after this step."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    target_utilization: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Share of the workers' time that load should take at the most.",
    )

    def need(self, load: float) -> int:
        return ceil(load / self.target_utilization * (1 - ROUNDING))


class SpecPolicy(_Settings):
    """The specification's rule: the predicted need, outside a band around what is there."""

    kind: Literal["spec"] = "spec"
    up_ratio: float = Field(default=1.2, ge=1)
    down_ratio: float = Field(default=0.7, ge=0, le=1)

    @property
    def method(self) -> str:
        return (
            f"Rule of the specification: to the predicted need when it is above {self.up_ratio:g} "
            f"or below {self.down_ratio:g} times what is there."
        )

    def wanted(self, situation: Situation) -> Wanted:
        if situation.predicted_load is None or not isfinite(situation.predicted_load):
            return Wanted(None, "The load to come is not known.")
        need, current = self.need(situation.predicted_load), situation.current
        if self.down_ratio * current <= need <= self.up_ratio * current:
            return Wanted(current, f"{need} are needed: within the band.")
        return Wanted(need, f"{need} are needed: outside the band.")


class HpaPolicy(_Settings):
    """The rule of the Kubernetes Horizontal Pod Autoscaler, on load."""

    kind: Literal["hpa"] = "hpa"
    tolerance_ratio: float = Field(default=0.1, ge=0)
    hold_s: Hold = Field(default=300, description="Stabilization before scale-in.")

    @property
    def method(self) -> str:
        return (
            "Kubernetes HPA: ceil(workers x utilization / target), unless within "
            f"{self.tolerance_ratio:.0%}; in by the most that was wanted in {self.hold_s:g} s."
        )

    def wanted(self, situation: Situation) -> Wanted:
        if not situation.load_known:
            return Wanted(None, UNKNOWN)
        now = float(situation.loads[-1])
        need, current = self.need(now), situation.current
        if current:
            ratio = now / (self.target_utilization * current)
            if abs(ratio - 1) <= self.tolerance_ratio + ROUNDING:
                return Wanted(current, "Within the tolerance.")
        return _down_slowly(self, situation, need)


class KedaPolicy(_Settings):
    """A queue-length rule as KEDA has it: total work / target per worker, no tolerance."""

    kind: Literal["keda"] = "keda"
    hold_s: Hold = Field(default=300, description="Stabilization before scale-in.")

    @property
    def method(self) -> str:
        return (
            "KEDA-like: ceil(work / target per worker), at once; in by the most that was wanted "
            f"in {self.hold_s:g} s."
        )

    def wanted(self, situation: Situation) -> Wanted:
        if not situation.load_known:
            return Wanted(None, UNKNOWN)
        now = float(situation.loads[-1])
        return _down_slowly(self, situation, self.need(now))


class DefaultPolicy(_Settings):
    """Out at once, with spare workers for what may come while others start; in slowly.

    The spare ones are `spare_workers`, and what a load of `spare_root` times the root of the
    present one takes: independent small loads rise and fall like that (square-root staffing;
    Halfin and Whitt 1981, Borst, Mandelbaum and Reiman 2004). `analytics.scaling.tuning` learns
    `spare_root` and `hold_s` from a pool's own history; the defaults are for a pool without one.
    """

    kind: Literal["default"] = "default"
    hold_s: Hold = Field(
        default=1800, description="The pool is as large as any moment of this time wanted it."
    )
    spare_root: float = Field(
        default=0.0, ge=0, description="Spare load / root of the load, both in workers."
    )
    spare_workers: int = Field(default=0, ge=0, description="Workers beyond any need.")
    protect_in_flight: bool = Field(
        default=True,
        description="Only idle workers may go. False: busy ones finish their work before they go.",
    )
    growth_ratio: float = Field(
        default=1.0, gt=0, description="One decision adds this share of the workers at the most,"
    )
    growth_workers: int = Field(default=4, ge=1, description="or so many, whichever is more.")

    @property
    def method(self) -> str:
        return (
            f"Out at once, with {self.spare_workers} workers and {self.spare_root:.3g} x "
            "sqrt(load) of load to spare (square-root staffing); in to the most that any moment "
            f"of {self.hold_s:g} s wanted, never by prediction."
        )

    def wanted(self, situation: Situation) -> Wanted:
        loads, current = situation.loads, situation.current
        if not situation.load_known:
            return Wanted(None, UNKNOWN)
        steps = _steps(self.hold_s, situation)
        near = loads[-(steps + _steps(LEVEL_S, situation) - 1) :]
        staffed = self.staffed(near, situation.step_s)[-steps:]
        held = float(np.nanmax(staffed))
        expected = situation.predicted_load
        if expected is not None and isfinite(expected):
            held = max(held, expected)
        most = self.need(held) + self.spare_workers
        if most >= current:
            return self._out(most, current)
        if len(staffed) < steps or not np.isfinite(staffed).all():
            return Wanted(current, f"The load of the last {self.hold_s:g} s is not known wholly.")
        if situation.since_out_s is not None and situation.since_out_s < self.hold_s:
            return Wanted(current, f"Made larger {situation.since_out_s:.0f} s ago.")
        return self._in(most, current, situation.idle)

    def staffed(self, loads: FloatArray, step_s: float) -> FloatArray:
        """Each step's load, or its level with what is to spare where that is more; NaN stays."""
        if not self.spare_root:
            return loads
        level = trailing_mean(loads, max(1, round(LEVEL_S / step_s)))
        staffed: FloatArray = np.fmax(loads, level + self.spare_root * np.sqrt(level))
        staffed[np.isnan(loads)] = np.nan
        return staffed

    def _out(self, most: int, current: int) -> Wanted:
        limit = current + max(self.growth_workers, ceil(self.growth_ratio * current))
        if most > limit:
            return Wanted(limit, f"{most} are needed; one decision goes no further.")
        return Wanted(most, f"{most} are needed.")

    def _in(self, most: int, current: int, idle: int | None) -> Wanted:
        if not self.protect_in_flight:
            return Wanted(most, f"No moment of the last {self.hold_s:g} s wanted more.")
        if idle is None:
            return Wanted(current, "How many workers are idle is not known.")
        if current - idle > most:
            return Wanted(current - idle, f"{most} would do, but the others are at work.")
        return Wanted(most, f"No moment of the last {self.hold_s:g} s wanted more.")


PolicySettings = Annotated[
    SpecPolicy | HpaPolicy | KedaPolicy | DefaultPolicy, Field(discriminator="kind")
]
"""Any of them, told apart by `kind`, as a file would name it."""


def _steps(seconds: float, situation: Situation) -> int:
    return max(1, round(seconds / situation.step_s))


def _down_slowly(policy: HpaPolicy | KedaPolicy, situation: Situation, need: int) -> Wanted:
    """Stabilization of the HPA: in to the most that was needed in its window."""
    if need >= situation.current:
        return Wanted(need, f"{need} are needed.")
    window = situation.loads[-_steps(policy.hold_s, situation) :]
    held = min(situation.current, policy.need(float(np.nanmax(window))))
    return Wanted(held, f"{need} are needed, and {held} were a while ago.")
