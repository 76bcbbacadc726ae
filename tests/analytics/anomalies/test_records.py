"""Histories from a pool's records: levels as told, totals made into rates."""

from datetime import timedelta
from uuid import UUID

from analytics.anomalies.records import worker_histories
from contracts.worker_pool import WorkerInstance, WorkerPoolMetrics, WorkerStatus
from tests.analytics.anomalies.pools import START


def record(minute: int, *workers: WorkerInstance) -> WorkerPoolMetrics:
    return WorkerPoolMetrics(
        id=UUID(int=minute),
        pool_id=UUID(int=1),
        orchestrator_id=UUID(int=2),
        pool_name="pool",
        worker_type="worker",
        collected_at=START + timedelta(minutes=minute),
        total_workers=len(workers),
        workers=workers,
    )


def worker(completed: int | None, failed: int | None, used: int | None = None) -> WorkerInstance:
    return WorkerInstance(
        id="w",
        status=WorkerStatus.ACTIVE,
        cpu_usage=0.5,
        tasks_completed=completed,
        tasks_failed=failed,
        used_slots=used,
        total_slots=4,
    )


def test_totals_become_rates_since_the_sample_before() -> None:
    records = [record(0, worker(10, 2)), record(2, worker(19, 5, used=3)), record(1, worker(10, 2))]

    (found,) = worker_histories(records)

    assert found.at == [START + timedelta(minutes=each) for each in (0, 1, 2)]
    assert list(found.metrics["tasks_per_s"]) == [None, 0.0, 0.2]
    assert list(found.metrics["failed_tasks_ratio"]) == [None, None, 0.25]
    assert list(found.metrics["used_slots_ratio"]) == [None, None, 0.75]
    assert list(found.metrics["cpu_usage"]) == [0.5, 0.5, 0.5]
    assert list(found.metrics["disk_usage"]) == [None, None, None]


def test_a_total_that_fell_or_is_unknown_tells_no_rate() -> None:
    records = [record(0, worker(10, 2)), record(1, worker(3, 0)), record(2, worker(None, 0))]

    (found,) = worker_histories(records)

    assert list(found.metrics["tasks_per_s"]) == [None, None, None]


def test_records_without_workers_have_no_histories() -> None:
    unknown = record(0).model_copy(update={"workers": None})

    assert worker_histories([unknown, record(1)]) == []
