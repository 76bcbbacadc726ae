"""How a scaling policy would have done for a pool."""

from pydantic import Field

from analytics.findings import Confidence, Finding

__all__ = ["PolicyReplay"]


class PolicyReplay(Finding):
    """How a policy did. Shares are of the time for which the load is known, 0..1."""

    under_provisioned: float | None = Field(description="Share with fewer workers than needed.")
    over_provisioned: float | None = Field(description="Share with more workers than needed.")
    saturated: float | None = Field(description="Share with more load than workers.")
    mean_wait_s: float | None = Field(
        description="Of work for a ready worker, first come first served, with each step's load "
        "taken as work that comes in; what is unserved at the end waited until then."
    )
    longest_wait_s: float | None
    worker_hours: float = Field(description="Of ready workers.")
    starting_worker_hours: float = Field(description="Of workers that were not ready yet.")
    cost_to_oracle: float | None = Field(description="Worker hours / those of the oracle.")
    changes_per_day: float | None = Field(description="Of the number of ready workers.")
    accuracy: float | None = Field(
        description="Share of targets from the most that was needed over delay and hold up to "
        "20 %, or one worker, above the most that the oracle had ready; null below three days."
    )
    evidence: tuple[str, ...]
    confidence: Confidence
    method: str


class PolicyOutcome(Finding):
    """One of the policies that were asked about. What it did is null where nothing is known."""

    policy: dict[str, object] = Field(description="Its settings, those left out included.")
    replay: PolicyReplay | None


class WhatIf(Finding):
    """What each policy would have done for a pool, beside one another."""

    outcomes: tuple[PolicyOutcome, ...]
    evidence: tuple[str, ...]
    reason: str | None = Field(default=None, description="Why nothing could be replayed.")
