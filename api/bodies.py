"""What analyses may be told beside what is stored. Keys are snake_case, as in their results."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from analytics.queue_analysis.plans import QueueConfig, RetryPolicy
from contracts.load_balancing import LoadBalancingAlgorithm

__all__ = ["Characteristics", "QueueOptimizeBody", "Work"]

Positive = Annotated[float, Field(gt=0, le=1e9, strict=True)]
Amount = Annotated[float, Field(ge=0, le=1e9, strict=True)]


class KnownRetryPolicy(RetryPolicy):
    """What is set now."""

    model_config = ConfigDict(extra="forbid")

    max_attempts: int = Field(ge=1, le=1_000, strict=True, description="The first one counts.")
    first_backoff_s: Amount
    max_backoff_s: Amount
    budget_ratio: Amount | None = Field(
        default=None, description="Retries / first attempts that are allowed; null: no bound."
    )


class QueueOptimizeBody(BaseModel):
    """What is set for the queue, and what it is to reach."""

    model_config = ConfigDict(extra="forbid")

    batch_size: int = Field(
        default=1, ge=1, le=1_000_000, strict=True, description="Items taken at once."
    )
    consumers: int | None = Field(
        default=None, ge=0, le=1_000_000, strict=True, description="Null: as the record has it."
    )
    retry_policy: KnownRetryPolicy | None = Field(default=None, description="Null: unknown.")
    target_wait_s: Positive = Field(default=300, description="Mean wait, in seconds.")
    drain_s: Positive = Field(default=3600, description="Within what a backlog is to be gone.")

    @property
    def config(self) -> QueueConfig:
        policy = self.retry_policy
        return QueueConfig(
            batch_size=self.batch_size,
            consumers=self.consumers,
            retry_policy=None if policy is None else RetryPolicy(**policy.model_dump()),
        )


class Work(BaseModel):
    """The work and its workers, as far as they are known."""

    model_config = ConfigDict(extra="forbid")

    worker_speeds: dict[str, Positive] | None = Field(
        default=None, max_length=10_000, description="Work per second; only ratios count."
    )
    utilization_ratio: Amount | None = Field(
        default=None, description="What arrives / what all can do."
    )
    service_cv2: Amount | None = Field(
        default=None, description="Squared coefficient of variation of a job's size."
    )
    mean_service_s: Amount | None = Field(default=None, description="How long a job takes.")
    arrival_cv2: Amount = Field(default=1, description="Of times between arrivals; 1: Poisson.")
    report_interval_s: Amount = Field(
        default=0, description="How long the balancer goes by the same loads; 0: it counts itself."
    )
    key_shares: list[Positive] | None = Field(
        default=None, min_length=1, max_length=10_000, description="Shares of the jobs by key."
    )
    sticky: bool = Field(
        default=False, strict=True, description="Jobs of a key must reach the same worker."
    )
    seed: int = Field(default=0, ge=0, lt=2**32, strict=True, description="Of the simulation.")


class Characteristics(Work):
    """The same for a balancer. Utilization and mean service time are else the pool's own."""

    current_algorithm: LoadBalancingAlgorithm | None = Field(
        default=None, description="Null: as the record says."
    )
