"""Rollups: what is kept of which metric, by minute and by hour.

A rollup table has a row for each subject and `time_bucket`. Everything in it is a register that
merges: counts and sums add, extremes combine, and the last value is the one with the later time
(of two of one time, the larger). So neither the order of samples nor how they are cut into
batches matters, and no row is ever made again from history. What no sample told is NULL.
See docs/adr/0008-rollups.md.
"""

from dataclasses import dataclass
from enum import Enum, auto

__all__ = [
    "LATENCY_ROLLUP",
    "ORCHESTRATOR_ROLLUP",
    "POOL_ROLLUP",
    "QUEUE_ROLLUP",
    "STEPS",
    "Keep",
    "Measure",
    "Rollup",
]

STEPS = {"1m": "1 minute", "1h": "1 hour"}
"""How the name of a rollup table ends, and how long its buckets are."""


class Keep(Enum):
    """What is kept of a metric `x`, and in which columns."""

    LAST = auto()
    """`x`, `x_at`: the last known value and its time."""
    LAST_TEXT = auto()
    """The same of a text."""
    TOTAL = auto()
    """`x`: the sum of the known values; for counts of an interval."""
    MEAN = auto()
    """`x_sum`, `x_samples`: sum and number of the known values."""
    MIN = auto()
    """`x_min`."""
    MAX = auto()
    """`x_max`."""


@dataclass(frozen=True)
class Measure:
    """One metric. Its samples are in a staged column of its name, or computed from others."""

    name: str
    keeps: tuple[Keep, ...]
    computed: str | None = None


@dataclass(frozen=True)
class Rollup:
    """What the tables of one kind of subject hold."""

    name: str
    staged: str
    """The staging table of the samples; it has the subject's ids and `collected_at` too."""
    subject: tuple[str, ...]
    measures: tuple[Measure, ...]


def _of(name: str, *keeps: Keep, computed: str | None = None) -> Measure:
    return Measure(name, keeps, computed)


LATENCY_ROLLUP = "scheduling_latency_rollup"
"""Histograms, a row for each set of bounds."""

ORCHESTRATOR_ROLLUP = Rollup(
    "orchestrator_rollup",
    "staged_orchestrators",
    ("orchestrator_id",),
    (
        _of("status", Keep.LAST_TEXT),
        _of("health_score", Keep.LAST, Keep.MEAN, Keep.MIN),
        _of("restarts", Keep.LAST),
        _of("total_slots", Keep.LAST),
        _of("used_slots", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("capacity_utilization", Keep.LAST, Keep.MEAN, Keep.MIN, Keep.MAX),
        _of("running_workflows", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("pending_workflows", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("completed_workflows", Keep.TOTAL),
        _of("failed_workflows", Keep.TOTAL),
        _of("scheduling_throughput", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("queue_depth", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("scheduling_latency_ms", Keep.MEAN),
        _of("queue_wait_ms", Keep.MEAN),
        _of("execution_completed_workflows", Keep.TOTAL),
        _of("execution_failed_workflows", Keep.TOTAL),
        _of("interval_s", Keep.MIN),
    ),
)

POOL_ROLLUP = Rollup(
    "worker_pool_rollup",
    "staged_pools",
    ("orchestrator_id", "pool_id"),
    (
        _of("total_workers", Keep.LAST, Keep.MEAN, Keep.MIN, Keep.MAX),
        _of("active_workers", Keep.LAST),
        _of("idle_workers", Keep.LAST),
        _of("busy_workers", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("failed_workers", Keep.LAST, Keep.MAX),
        _of("terminating_workers", Keep.LAST),
        _of("utilization", Keep.LAST, Keep.MEAN, Keep.MIN, Keep.MAX),
        _of("used_slots", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("total_slots", Keep.LAST),
        _of("throughput", Keep.LAST, Keep.MEAN),
        _of("avg_task_duration_ms", Keep.MEAN),
        _of("error_rate", Keep.LAST),
        _of("restart_count", Keep.LAST),
    ),
)

QUEUE_ROLLUP = Rollup(
    "queue_rollup",
    "staged_queues",
    ("orchestrator_id", "queue_id"),
    (
        _of("size", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("consumers", Keep.LAST),
        _of("in_flight", Keep.LAST),
        _of("processing_rate", Keep.LAST, Keep.MEAN),
        _of("arrival_rate", Keep.LAST, Keep.MEAN, Keep.MAX),
        _of("error_rate", Keep.LAST),
        _of("avg_processing_time_ms", Keep.MEAN),
        _of(
            "oldest_age_s",
            Keep.LAST,
            Keep.MAX,
            # Two clocks are at work: a new item may look younger than now.
            computed="CASE WHEN oldest_message_time < collected_at"
            " THEN date_part('epoch', collected_at - oldest_message_time)"
            " WHEN oldest_message_time IS NOT NULL THEN 0 END",
        ),
    ),
)
