"""Workloads that were opted in, as pools whose workers are their pods."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from agents.kubernetes.figures import Figures
from agents.kubernetes.scalers import Rescaled, ScalerState
from agents.kubernetes.state import PodState
from agents.kubernetes.workloads import WorkloadState
from agents.missing import Missing, known_or, over
from agents.origin import Origin
from agents.pools import Pool, build_pool
from contracts.worker_pool import (
    ScalingAction,
    ScalingDecision,
    WorkerInstance,
    WorkerPoolMetrics,
    WorkerStatus,
)

__all__ = ["build_workload_pools"]

NOT_TOLD = "the API does not tell it"
UNTOLD = {
    "current_task": "a pod does not tell what it works on",
    "tasks_completed": "a pod does not tell what it did",
    "tasks_failed": "a pod does not tell what it did",
    "cpu_usage": "the use of pods is not read",
    "memory_usage": "the use of pods is not read",
    "disk_usage": NOT_TOLD,
    "network_usage": NOT_TOLD,
    "uptime": "it is not ready",
    "last_heartbeat": NOT_TOLD,
    "used_slots": "a pod has no slots",
    "total_slots": "a pod has no slots",
}
NO_DURATION = "an autoscaler does not tell how long it takes until the pods are there"
NO_SCALER = Missing("no autoscaler targets it")


def build_workload_pools(figures: Figures, origin: Origin) -> tuple[WorkerPoolMetrics, ...]:
    """One record for each workload that was opted in."""
    found = sorted(known_or(figures.snapshot.extras.workloads, ()), key=lambda each: each.name)
    if not found:
        return ()
    pods = over(_by_workload, figures.snapshot.pods)
    return tuple(_explained(build_pool(_pool(figures, each, pods), origin)) for each in found)


def _explained(pool: WorkerPoolMetrics) -> WorkerPoolMetrics:
    """With the reason for what no autoscaler tells of its decisions."""
    untold = {
        f"/scaling/scalingDecisions/{index}/duration": NO_DURATION
        for index, _ in enumerate(pool.scaling.scaling_decisions)
    }
    known = pool.metadata.unavailable
    metadata = pool.metadata.model_copy(update={"unavailable": {**known, **untold}})
    return pool.model_copy(update={"metadata": metadata})


def _by_workload(pods: Sequence[PodState]) -> Mapping[str, Sequence[PodState]]:
    found: dict[str, list[PodState]] = defaultdict(list)
    for pod in pods:
        if pod.workload:
            found[pod.workload].append(pod)
    return found


def _pool(
    figures: Figures, each: WorkloadState, pods: Mapping[str, Sequence[PodState]] | Missing
) -> Pool:
    own = over(lambda found: found.get(each.name, ()), pods)
    return Pool(
        name=each.name,
        worker_type=each.kind,
        workers=over(lambda found: _workers(figures, found), own),
        otherwise=NOT_TOLD,
        untold=UNTOLD,
        health={
            "restart_count": over(lambda found: sum(pod.restarts for pod in found), own),
            "resource_exhaustion": over(lambda found: sum(pod.oom_killed for pod in found), own),
        },
        scaling=_scaling(figures, each),
        details={
            "pool": each.name,
            "wanted": each.wanted,
            "ready": each.ready,
            "updated": each.updated,
            "podsByPhase": known_or(
                over(lambda found: dict(Counter(pod.phase for pod in found)), own), None
            ),
        },
    )


def _workers(figures: Figures, pods: Sequence[PodState]) -> Sequence[WorkerInstance]:
    """Of the pods that have a node; one that has never been ready is no worker yet."""
    placed = ((pod, _status(pod)) for pod in pods if pod.node is not None)
    return [_worker(figures, pod, status) for pod, status in placed if status is not None]


def _status(pod: PodState) -> WorkerStatus | None:
    if pod.phase == "Succeeded":
        return None
    if pod.deleted:
        return WorkerStatus.TERMINATING
    if pod.phase == "Failed" or pod.stuck is not None:
        return WorkerStatus.FAILED
    if pod.ready is not None:
        return WorkerStatus.ACTIVE
    return WorkerStatus.FAILED if pod.restarts else None


def _worker(figures: Figures, pod: PodState, status: WorkerStatus) -> WorkerInstance:
    age = None if pod.ready is None else (figures.snapshot.at - pod.ready).total_seconds()
    return WorkerInstance(
        id=pod.uid,
        hostname=pod.node,
        status=status,
        uptime=None if age is None else max(0.0, age),
        labels={"pod": f"{pod.namespace}/{pod.name}"},
    )


def _scaling(figures: Figures, each: WorkloadState) -> dict[str, object]:
    """By the autoscaler that targets it. What that wants, it writes into the workload."""
    scalers = over(
        lambda found: {scaler.target: scaler for scaler in found}, figures.snapshot.extras.scalers
    )
    own = over(lambda found: found.get(each.name), scalers)
    bounds: ScalerState | Missing = over(lambda scaler: scaler or NO_SCALER, own)
    return {
        "enabled": over(lambda scaler: scaler is not None, own),
        "min_workers": over(lambda scaler: scaler.lowest, bounds),
        "max_workers": over(lambda scaler: scaler.highest, bounds),
        "current_target": each.wanted,
        "scaling_decisions": _decisions(figures, each.name),
    }


def _decisions(figures: Figures, name: str) -> tuple[ScalingDecision, ...]:
    found: Sequence[Rescaled] = known_or(
        over(lambda tally: tally.rescaled, figures.snapshot.happened), ()
    )
    return tuple(
        ScalingDecision(
            timestamp=each.at,
            action=ScalingAction.SCALE_UP if each.after > each.before else ScalingAction.SCALE_DOWN,
            from_count=each.before,
            to_count=each.after,
            reason=each.said or "the autoscaler gave no reason",
            success=each.able,
        )
        for each in found
        if each.target == name
    )
