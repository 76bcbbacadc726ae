"""Resources, places and signs of life of workers, by one look at all of them."""

from collections import Counter
from collections.abc import Sequence
from math import ceil, floor

from analytics.pool_optimization.findings import Optimization
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics, WorkerStatus

__all__ = ["health_checks", "placement", "resources"]

Numbers = dict[str, float]

NODES = "node-pool"
GONE = (WorkerStatus.FAILED, WorkerStatus.TERMINATING)
LEAST_WORKERS = 5
NOT_KNOWN = "The workers are not known."
TARGET_USAGE = 0.7
FULL_USAGE = 0.9
CROWDED_RATIO = 0.5
LEAST_BEATS = 20
MISSED_BEATS = 3
BEAT_LABEL = "heartbeat_interval_s"


def resources(pool: WorkerPoolMetrics) -> Optimization[Numbers]:
    """Slots of a worker, by the most of CPU or memory that a used slot of any worker takes.

    Usage is taken as proportional to used slots, which charges the worker's own use to them.
    """
    alive = _alive(pool)
    told = [each for each in alive or () if each.used_slots and _usage(each) is not None]
    reason = _untold(pool, alive, told)
    if reason is not None:
        return Optimization(reason=reason)
    current = told[0].total_slots or 0
    of_slot = max((_usage(each) or 0.0) / (each.used_slots or 1) for each in told)
    now: Numbers = {"slots_per_worker": current}
    evidence = (
        f"Of {len(told)} workers at work a used slot takes at most {of_slot:.4g} of CPU or "
        f"memory; {current} slots would take {of_slot * current:.4g}.",
    )
    if of_slot * current <= FULL_USAGE or current == 1:
        return Optimization(
            current=now,
            evidence=evidence,
            reason="All slots of a worker would not use it up, or it has but one; whether it could "
            "do with less takes more than one look.",
        )
    return Optimization(
        current=now,
        recommended={"slots_per_worker": max(1, floor(TARGET_USAGE / of_slot))},
        effect=f"A worker whose slots are all used stays below {TARGET_USAGE:g} of CPU and memory; "
        "or give workers more of them.",
        risk="The pool holds less work at once.",
        evidence=evidence,
    )


def _untold(
    pool: WorkerPoolMetrics, alive: Sequence[WorkerInstance] | None, told: Sequence[WorkerInstance]
) -> str | None:
    """Why nothing can be said of slots."""
    if pool.worker_type == NODES:
        return "Pods of a node are of many kinds: a slot has no usual use."
    if alive is None:
        return NOT_KNOWN
    if len(told) < LEAST_WORKERS:
        return (
            f"CPU, memory and used slots are known of {len(told)} workers at work, and "
            f"{LEAST_WORKERS} are needed."
        )
    if any(each.labels.get("usage_scope") == "host" for each in told) and _shared_hosts(told):
        return "Usage is told of hosts, and several workers share one."
    slots = {each.total_slots for each in alive}
    return None if len(slots) == 1 and any(slots) else "The slots are not known, or not alike."


def placement(pool: WorkerPoolMetrics) -> Optimization[Numbers]:
    """How many workers are lost with one host; of nodes, with one zone."""
    where, place = ("zone", "zone") if pool.worker_type == NODES else ("hostname", "host")
    alive = _alive(pool)
    if alive is None:
        return Optimization(reason=NOT_KNOWN)
    told = [each.labels.get("zone") if where == "zone" else each.hostname for each in alive]
    known = [each for each in told if each]
    if len(known) < len(alive) or not known:
        return Optimization(reason=f"The {place} of {len(alive) - len(known)} workers is unknown.")
    counts = Counter(known)
    worst, most = max(counts.items(), key=lambda each: (each[1], each[0]))
    now: Numbers = {f"{place}s": len(counts), f"most_workers_per_{place}": most}
    evidence = (f"{most} of {len(alive)} workers are in {place} {worst}, of {len(counts)}.",)
    even = ceil(len(alive) / max(2, len(counts)))
    if len(alive) == 1 or most <= max(even, CROWDED_RATIO * len(alive)):
        why = "It has one worker." if len(alive) == 1 else f"No {place} has most of the workers."
        return Optimization(current=now, evidence=evidence, reason=why)
    return Optimization(
        current=now,
        recommended={f"{place}s": max(2, len(counts)), f"most_workers_per_{place}": even},
        effect=f"The loss of one {place} takes {even} instead of {most} workers.",
        risk=f"Work that workers share within a {place} goes over the network.",
        evidence=evidence,
    )


def health_checks(pool: WorkerPoolMetrics) -> Optimization[Numbers]:
    """After how long a silent worker is lost: three of the intervals at which workers speak.

    Where the interval is not told it is estimated from the ages of the last signs of n living
    workers, which lie evenly within it: the largest x (n + 1) / n (minimum variance, unbiased).
    """
    alive = _alive(pool)
    if alive is None:
        return Optimization(reason=NOT_KNOWN)
    told = [float(each.labels[BEAT_LABEL]) for each in alive if _is_number(each)]
    ages = [
        max(0.0, (pool.collected_at - each.last_heartbeat).total_seconds())
        for each in alive
        if each.last_heartbeat is not None
    ]
    if told:
        interval_s, how = max(told), f"told by {len(told)} workers"
    elif len(ages) >= LEAST_BEATS:
        interval_s = max(ages) * (len(ages) + 1) / len(ages)
        how = (
            f"estimated from {len(ages)} workers, of whom the oldest sign is {max(ages):.4g} s old"
        )
    else:
        return Optimization(
            reason=f"The last sign of {len(ages)} living workers is known; it takes {LEAST_BEATS} "
            "to tell how often they give one."
        )
    if not interval_s:
        return Optimization(reason="All signs are as old as the record: it tells no interval.")
    return Optimization(
        recommended={"interval_s": interval_s, "timeout_s": MISSED_BEATS * interval_s},
        effect=f"A lost worker is known after {MISSED_BEATS * interval_s:.4g} s, and one that "
        "misses a single sign is not.",
        risk="A pause that is longer (of a host, a network) looks like a loss.",
        evidence=(f"Workers give a sign every {interval_s:.4g} s, {how}.",),
    )


def _alive(pool: WorkerPoolMetrics) -> list[WorkerInstance] | None:
    if pool.workers is None:
        return None
    return [each for each in pool.workers if each.status not in GONE]


def _usage(worker: WorkerInstance) -> float | None:
    """Of what is shorter; null unless both are known."""
    if worker.cpu_usage is None or worker.memory_usage is None:
        return None
    return max(worker.cpu_usage, worker.memory_usage)


def _shared_hosts(workers: Sequence[WorkerInstance]) -> bool:
    hosts = Counter(each.hostname for each in workers)
    return any(count > 1 for count in hosts.values())


def _is_number(worker: WorkerInstance) -> bool:
    try:
        return 0 < float(worker.labels.get(BEAT_LABEL, "")) < float("inf")
    except ValueError:
        return False
