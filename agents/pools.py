"""Worker pools, as far as they are alike whatever the orchestrator."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic.alias_generators import to_camel

from agents.missing import Estimated, Gaps, Missing, combine, over, share
from agents.origin import Origin
from contracts.identity import pool_id, sample_id
from contracts.worker_pool import (
    AutoScalingMetrics,
    PoolHealth,
    PoolPerformance,
    PoolResourceUsage,
    WorkerInstance,
    WorkerPoolMetrics,
    WorkerStatus,
)

__all__ = ["Pool", "build_pool", "free_slots", "used_ratio"]

COUNTED = {
    "active_workers": WorkerStatus.ACTIVE,
    "idle_workers": WorkerStatus.IDLE,
    "busy_workers": WorkerStatus.BUSY,
    "failed_workers": WorkerStatus.FAILED,
    "terminating_workers": WorkerStatus.TERMINATING,
}


@dataclass(frozen=True)
class Pool:
    """What an agent knows of one pool.

    `untold`: why a worker's field may be null, by its name. `health`, `usage`, `performance` and
    `scaling` hold the fields of these sections that are known or have a reason of their own;
    `otherwise` is the reason of all others. `estimates` are pointers to what is only estimated.
    Counts follow from `workers`; `counts` replaces those of pools whose workers cannot be listed.
    """

    name: str
    worker_type: str
    workers: Sequence[WorkerInstance] | Missing
    otherwise: str
    untold: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    health: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)
    performance: Mapping[str, Any] = field(default_factory=dict)
    scaling: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    estimates: Sequence[str] = ()


def build_pool(pool: Pool, origin: Origin) -> WorkerPoolMetrics:
    """The pool's record."""
    gaps = Gaps(estimates=list(pool.estimates))
    identity = pool_id(origin.orchestrator, pool.name)
    record = gaps.fill(
        WorkerPoolMetrics,
        "",
        id=sample_id(identity, "worker-pool", origin.now),
        pool_id=identity,
        orchestrator_id=origin.orchestrator,
        pool_name=pool.name,
        worker_type=pool.worker_type,
        collected_at=origin.now,
        workers=over(lambda found: _listed(found, pool.untold, gaps), pool.workers),
        pool_health=gaps.fill(
            PoolHealth, "/poolHealth", pool.otherwise, **(_health(pool) | dict(pool.health))
        ),
        resource_usage=gaps.fill(PoolResourceUsage, "/resourceUsage", pool.otherwise, **pool.usage),
        performance=gaps.fill(PoolPerformance, "/performance", pool.otherwise, **pool.performance),
        scaling=gaps.fill(AutoScalingMetrics, "/scaling", pool.otherwise, **pool.scaling),
        **(_counts(pool) | dict(pool.counts)),
    )
    return record.model_copy(update={"metadata": origin.metadata(gaps, pool.details)})


def free_slots(total: int | Missing, used: int | Missing) -> int | Missing:
    """Slots nobody holds; 0 where more are held than there are."""
    return combine(lambda all_, held: max(0, all_ - held), total, used)


def used_ratio(used: int | Missing, total: int | Missing) -> float | Missing:
    """Used slots / total slots."""
    return combine(lambda held, all_: share(held, all_, "there are no slots"), used, total)


def _listed(
    workers: Sequence[WorkerInstance], untold: Mapping[str, str], gaps: Gaps
) -> tuple[WorkerInstance, ...]:
    for index, worker in enumerate(workers):
        for name, reason in untold.items():
            if getattr(worker, name) is None:
                gaps.reasons[f"/workers/{index}/{to_camel(name)}"] = reason
    gaps.shorten("/workers", len(workers))
    return tuple(workers)


def _counts(pool: Pool) -> dict[str, Any]:
    found = over(lambda workers: Counter(each.status for each in workers), pool.workers)
    counts: dict[str, Any] = {
        name: over(lambda each, status=status: each[status], found)  # type: ignore[misc]
        for name, status in COUNTED.items()
    }
    return counts | {"total_workers": over(len, pool.workers)}


def _health(pool: Pool) -> dict[str, Any]:
    counts = _counts(pool) | dict(pool.counts)
    total, failed = (_plain(counts[name]) for name in ("total_workers", "failed_workers"))
    if isinstance(total, Missing) or isinstance(failed, Missing):
        gap = total if isinstance(total, Missing) else failed
        return dict.fromkeys(("healthy_workers", "unhealthy_workers", "average_health"), gap)
    healthy = total - failed
    return {
        "healthy_workers": healthy,
        "unhealthy_workers": failed,
        "average_health": share(healthy, total, "there are no workers"),
    }


def _plain(count: Any) -> int | Missing:
    value: int | Missing = count.value if isinstance(count, Estimated) else count
    return value
