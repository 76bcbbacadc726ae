"""From rows to answers. Pure: the same rows at the same time give the same answer."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from analytics.anomalies.findings import PoolJudgement
from analytics.balancing.distribution import distribution
from analytics.balancing.findings import AlgorithmChoice
from analytics.coordination.health import coordination_health
from analytics.health import analyze_health
from analytics.histogram import mean, merge, percentile
from analytics.queue_analysis.findings import QueuePerformance, WaitEstimate
from api.models import (
    BalanceChoice,
    BalanceItem,
    CapacityFrame,
    CapacitySeries,
    CoordinationFrame,
    HealthFrame,
    LoadBalancingItem,
    Observed,
    OrchestratorFrame,
    OrchestratorItem,
    QueueAnalysis,
    QueueFrame,
    QueueItem,
    QueueSeries,
    SchedulingFrame,
    SchedulingSeriesColumns,
    SeriesRange,
    UsageTold,
    WorkerAnomalies,
    WorkerItem,
    WorkerPoolItem,
)
from contracts.coordination import CoordinationMetrics
from contracts.load_balancing import LoadBalancingMetrics
from contracts.orchestrator import LatencyHistogram
from store.freshness import Observation, SectionState
from store.reads import SchedulingSeries
from store.rows import Latest, PoolRow, QueueRow, WorkerRow
from store.series import Series
from store.tables import SECTIONS
from store.window import Window

__all__ = [
    "balance_choice",
    "balance_item",
    "capacity_frame",
    "coordination_frame",
    "health_frame",
    "load_balancing_item",
    "orchestrator_frame",
    "orchestrator_item",
    "queue_analysis",
    "queue_frame",
    "queue_item",
    "scheduling_frame",
    "whole_reason",
    "worker_anomalies",
    "worker_item",
    "worker_pool_item",
]

SHOWN_IN_LIST = ("capacity", "queuing")


def orchestrator_item(latest: Latest, now: datetime) -> OrchestratorItem:
    """The newest status, and the numbers a list shows."""
    record, seen = latest.record, latest.whole()
    state = seen.state(now)
    capacity = record.capacity if _shown(latest, "capacity") else None
    queuing = record.queuing if _shown(latest, "queuing") else None
    return OrchestratorItem(
        id=record.orchestrator_id,
        orchestrator_type=record.orchestrator_type,
        instance_id=record.instance_id,
        cluster_name=record.cluster_name,
        simulated=latest.simulated,
        first_seen=latest.first_seen,
        last_seen=latest.last_seen,
        observed_at=seen.observed_at,
        state=state,
        reason=whole_reason(latest, state) or _missing_reason(latest),
        status=record.health.status,
        health_score=record.health.health_score,
        capacity_utilization=capacity and capacity.capacity_utilization,
        backlog_size=queuing and queuing.backlog_size,
        active_workers=capacity and capacity.active_workers,
        running_workflows=capacity and capacity.running_workflows,
    )


def orchestrator_frame(latest: Latest, now: datetime) -> OrchestratorFrame:
    """All of the record, each section with its own freshness."""
    state = latest.whole().state(now)
    return OrchestratorFrame(
        observed_at=latest.whole().observed_at,
        state=state,
        reason=whole_reason(latest, state),
        record=latest.record,
        sections={
            section: Observed(**_observed(latest.observation(section), now)) for section in SECTIONS
        },
    )


def coordination_frame(
    orchestrator_id: UUID, record: CoordinationMetrics | None, now: datetime
) -> CoordinationFrame:
    """The newest record and how fresh it is."""
    if record is None:
        return CoordinationFrame(
            orchestrator_id=orchestrator_id,
            coordination=None,
            analysis=None,
            observed_at=None,
            state=SectionState.UNSUPPORTED,
        )
    return CoordinationFrame(
        orchestrator_id=orchestrator_id,
        coordination=record,
        analysis=coordination_health(record, None),
        **_observed(_seen(record), now),
    )


def load_balancing_item(record: LoadBalancingMetrics, now: datetime) -> LoadBalancingItem:
    """The newest record of a scope and how fresh it is."""
    return LoadBalancingItem(**dict(record), **_observed(_seen(record), now))


def balance_item(record: LoadBalancingMetrics, now: datetime) -> BalanceItem:
    """How evenly the loads of the newest record of a scope lie, and how fresh it is."""
    return BalanceItem(
        scope_id=record.scope_id,
        pool_id=record.pool_id,
        algorithm=record.algorithm,
        analysis=distribution(record.distribution),
        **_observed(_seen(record), now),
    )


def balance_choice(
    record: LoadBalancingMetrics, choice: AlgorithmChoice, now: datetime
) -> BalanceChoice:
    """Which algorithm a scope should have, and how fresh what is known of it is."""
    return BalanceChoice(
        scope_id=record.scope_id,
        pool_id=record.pool_id,
        optimization=choice,
        **_observed(_seen(record), now),
    )


def health_frame(latest: Latest, now: datetime) -> HealthFrame:
    """The record's own health, and its analysis from the record as it was published."""
    record = latest.published()
    state = latest.whole().state(now)
    return HealthFrame(
        orchestrator_id=record.orchestrator_id,
        observed_at=record.collected_at,
        state=state,
        reason=whole_reason(latest, state),
        health=record.health,
        analysis=analyze_health(record),
    )


def capacity_frame(latest: Latest, series: Series, now: datetime) -> CapacityFrame:
    """The capacity section with its history."""
    columns = CapacitySeries.model_validate({"t": _times(series.window), **series.lines})
    return CapacityFrame(
        **_section(latest, "capacity", now),
        capacity=latest.record.capacity,
        range=_range(series.window),
        series=columns,
    )


def scheduling_frame(latest: Latest, series: SchedulingSeries, now: datetime) -> SchedulingFrame:
    """The scheduling section with its history."""
    window = series.gauges.window
    columns = {"t": _times(window), **series.gauges.lines, **_latencies(series, window)}
    return SchedulingFrame(
        **_section(latest, "scheduling", now),
        scheduling=latest.record.scheduling,
        range=_range(window),
        series=SchedulingSeriesColumns.model_validate(columns),
    )


def queue_item(row: QueueRow, now: datetime) -> QueueItem:
    """A queue in a list."""
    return QueueItem(
        **dict(row.info), orchestrator_id=row.orchestrator_id, **_observed(row.seen, now)
    )


def queue_frame(row: QueueRow, series: Series, now: datetime) -> QueueFrame:
    """A queue with its history."""
    return QueueFrame(
        orchestrator_id=row.orchestrator_id,
        **_observed(row.seen, now),
        queue=row.info,
        range=_range(series.window),
        series=QueueSeries.model_validate({"t": _times(series.window), **series.lines}),
    )


def queue_analysis(
    row: QueueRow, found: tuple[QueuePerformance, WaitEstimate], now: datetime
) -> QueueAnalysis:
    """What was found of a queue, and how fresh what it was found in is."""
    performance, wait = found
    return QueueAnalysis(
        queue_id=row.queue_id, performance=performance, wait=wait, **_observed(row.seen, now)
    )


def worker_pool_item(row: PoolRow, now: datetime) -> WorkerPoolItem:
    """A pool without its workers."""
    return WorkerPoolItem(**dict(row.pool), **_observed(row.seen, now))


def worker_anomalies(row: PoolRow, found: PoolJudgement, now: datetime) -> WorkerAnomalies:
    """Who is odd in a pool, and how fresh what is known of its workers is."""
    return WorkerAnomalies(pool_id=row.pool.pool_id, judgement=found, **_observed(row.seen, now))


def worker_item(pool_id: UUID, row: WorkerRow, now: datetime) -> WorkerItem:
    """A worker in a list."""
    told = row.usage
    usage = told and UsageTold(unavailable=dict(told.unavailable), **_observed(told.seen, now))
    return WorkerItem(**dict(row.at(now)), pool_id=pool_id, usage=usage, **_observed(row.seen, now))


def _seen(record: CoordinationMetrics | LoadBalancingMetrics) -> Observation:
    """A record that is kept whole is as new as itself."""
    return Observation(
        observed_at=record.collected_at,
        newest_at=record.collected_at,
        interval_s=record.metadata.interval_s,
        failed=False,
    )


def _observed(seen: Observation, now: datetime) -> dict[str, Any]:
    return {"observed_at": seen.observed_at, "state": seen.state(now)}


def _section(latest: Latest, section: str, now: datetime) -> dict[str, Any]:
    seen = latest.observation(section)
    metadata = latest.record.metadata
    root = f"/{section}"
    return {
        "orchestrator_id": latest.record.orchestrator_id,
        **_observed(seen, now),
        "reason": _section_reason(latest, section, seen.state(now)),
        "unavailable": {
            pointer: why for pointer, why in metadata.unavailable.items() if _below(pointer, root)
        },
        "estimated": [pointer for pointer in metadata.estimated if _below(pointer, root)],
    }


def _below(pointer: str, root: str) -> bool:
    return pointer == root or pointer.startswith(f"{root}/")


def _shown(latest: Latest, section: str) -> bool:
    # Without a date of its own in the list, an older value may only stand beside an older date.
    return latest.outage or latest.is_current(section)


def whole_reason(latest: Latest, state: SectionState) -> str | None:
    """Why what is known of an orchestrator is not the present; null: it is."""
    if state is SectionState.ERROR:
        return _first_error(latest) or latest.record.health.diagnostics.status_reason
    return _stale_reason(latest) if state is SectionState.STALE else None


def _missing_reason(latest: Latest) -> str | None:
    missing = (section for section in SHOWN_IN_LIST if not _shown(latest, section))
    unavailable = latest.record.metadata.unavailable
    return next((why for section in missing if (why := unavailable.get(f"/{section}"))), None)


def _section_reason(latest: Latest, section: str, state: SectionState) -> str | None:
    given = latest.record.metadata.unavailable.get(f"/{section}")
    match state:
        case SectionState.OK:
            return None
        case SectionState.STALE:
            return _stale_reason(latest)
        case SectionState.ERROR:
            return given or _first_error(latest) or "The newest record does not carry it."
        case SectionState.UNSUPPORTED:
            return given or "This orchestrator has never reported it."


def _first_error(latest: Latest) -> str | None:
    return next((error.message for error in latest.record.health.errors), None)


def _stale_reason(latest: Latest) -> str:
    interval_s = latest.record.metadata.interval_s
    expected = f"; one is expected every {interval_s:g} s" if interval_s else ""
    return f"No newer record has arrived{expected}."


def _range(window: Window) -> SeriesRange:
    return SeriesRange(from_=window.start, to=window.end, step_s=window.step_s)


def _times(window: Window) -> list[int]:
    return [int(start.timestamp()) * 1_000 for start in window.starts()]


def _latencies(series: SchedulingSeries, window: Window) -> Mapping[str, list[float | None]]:
    merged = [_merged(series.histograms.get(start, ())) for start in window.starts()]

    def column(read: Callable[[LatencyHistogram], float | None]) -> list[float | None]:
        return [None if histogram is None else read(histogram) for histogram in merged]

    return {
        "avgSchedulingLatency": column(mean),
        "p50SchedulingLatency": column(lambda histogram: percentile(histogram, 0.50)),
        "p95SchedulingLatency": column(lambda histogram: percentile(histogram, 0.95)),
        "p99SchedulingLatency": column(lambda histogram: percentile(histogram, 0.99)),
    }


def _merged(histograms: Iterable[LatencyHistogram]) -> LatencyHistogram | None:
    try:
        return merge(histograms)
    except ValueError:
        # Bounds that have nothing in common, or a malformed histogram: the step stays unknown.
        return None
