"""Scaling policies replayed over what was recorded of a pool."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import TypeAdapter

from analytics.forecasting.series import FloatArray
from analytics.replay import Conditions, replay_policy
from analytics.replay_findings import PolicyOutcome, WhatIf
from analytics.scaling.policies import PolicySettings
from analytics.scaling.simulator import MOST_LOAD

__all__ = ["PoolStep", "policies_of", "what_if"]

POLICIES = TypeAdapter(list[PolicySettings])
CENSORED = (
    "Load is what the workers held: work that waited because they were full is not in it, so a "
    "pool that was saturated needed more than this says."
)


@dataclass(frozen=True)
class PoolStep:
    """What was known of a pool in one step; None is unknown."""

    used_slots: float | None
    total_slots: float | None
    total_workers: float | None

    @property
    def load(self) -> float:
        """Slots in use / slots of a worker. NaN: unknown, or it makes no sense."""
        used, slots, workers = self.used_slots, self.total_slots, self.total_workers
        if used is None or used < 0 or not slots or not workers or slots < 0 or workers < 0:
            return np.nan
        load = used * workers / slots
        return load if load <= MOST_LOAD else np.nan


def policies_of(settings: Sequence[object]) -> list[PolicySettings]:
    """The policies that settings name by `kind`. Raises pydantic's `ValidationError`."""
    return POLICIES.validate_python(list(settings))


def what_if(
    steps: Sequence[PoolStep], policies: Sequence[PolicySettings], conditions: Conditions
) -> WhatIf:
    """Replay each of `policies` over `steps` of `conditions.step_s` seconds, the oldest first.

    Steps before the first known load are left out; gaps within stay gaps.
    """
    loads = _known_part(np.array([each.load for each in steps]))
    known = int(np.isfinite(loads).sum())
    outcomes = tuple(
        PolicyOutcome(
            policy=each.model_dump(),
            replay=replay_policy(loads, each, conditions) if known else None,
        )
        for each in policies
    )
    if not known:
        reason = "In no step are used slots, total slots and workers of the pool all known."
        return WhatIf(outcomes=outcomes, evidence=(), reason=reason)
    highest = float(np.nanmax(loads))
    told = f"Load: {np.nanmean(loads):.3g} workers' worth on average, {highest:.3g} at most."
    return WhatIf(outcomes=outcomes, evidence=(told, CENSORED))


def _known_part(loads: FloatArray) -> FloatArray:
    known = np.flatnonzero(np.isfinite(loads))
    return loads[known[0] : known[-1] + 1] if len(known) else np.empty(0)
