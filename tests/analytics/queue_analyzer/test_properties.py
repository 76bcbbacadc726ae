"""Whatever is seen of a queue: no crash, and no number out of nothing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.queue_analysis.batches import BatchRun
from analytics.queue_analysis.case import PerformanceData
from analytics.queue_analysis.observed import ObservedQueue, QueueSample
from analytics.queue_analysis.performance import DeadLetterSample
from analytics.queue_analysis.plans import QueueConfig
from analytics.queue_analyzer import QueueAnalyzer
from contracts.orchestrator import QueueInfo, QueueType
from tests.analytics.queue_analyzer.samples import observed, past
from tests.records import NOON

counts = st.none() | st.integers(0, 50) | st.integers(0, 2**63 - 1)
amounts = st.one_of(st.none(), st.floats(0, 2), st.floats(0, allow_nan=False, allow_infinity=False))
measured = amounts | st.sampled_from([float("nan"), float("inf"), 0.0, 5e-324])
moments = st.one_of(
    st.integers(-90, 5).map(lambda minute: NOON + timedelta(minutes=minute)),
    st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive limits
)
newest = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "b"]),
        "type": st.sampled_from([QueueType.FIFO, *QueueType]),
        "size": counts,
        "consumers": counts,
        "processing_rate": amounts,
        "arrival_rate": amounts,
        "error_rate": st.none() | st.floats(0, 1),
        "avg_processing_time": amounts,
        "oldest_message": st.none() | moments,
        "in_flight": counts,
    }
).map(QueueInfo.model_validate)
single_samples = st.lists(st.builds(QueueSample, moments, *[measured] * 5), max_size=8)
columns = st.lists(measured, min_size=1, max_size=5).map(lambda few: (few * 60)[:60])
hours = st.fixed_dictionaries(
    dict.fromkeys(("size", "arrivals", "processed", "consumers"), columns)
).map(lambda hour: past(60, **hour))
queues = st.builds(
    ObservedQueue,
    newest,
    st.just(NOON),
    st.builds(lambda hour, few: [*few, *hour], hours, single_samples) | single_samples,
)
letters = st.lists(st.builds(DeadLetterSample, moments, counts, counts), max_size=5)
batches = st.lists(
    st.builds(BatchRun, st.integers(1, 2**31), measured.filter(lambda took_s: took_s is not None)),
    max_size=20,
)
analyzer = QueueAnalyzer()


@settings(max_examples=60, deadline=None)
@given(st.lists(queues, max_size=3), letters)
def test_no_queue_is_a_crash(some: list[ObservedQueue], counted: list[DeadLetterSample]) -> None:
    found = analyzer.analyze_queue_performance(some, counted)

    assert len(found.backlog_analysis.queues) == len(found.evidence) == len(some)
    for seen, backlog in zip(some, found.backlog_analysis.queues, strict=True):
        assert backlog.drain_time_s is None or seen.newest.size is not None
        if backlog.drain_interval_s is not None and backlog.drain_time_s is not None:
            low, high = backlog.drain_interval_s
            assert 0 <= low <= high
    assert found.model_validate_json(found.model_dump_json()) == found


@settings(max_examples=60, deadline=None)
@given(queues, st.none() | st.integers(0, 2**63))
def test_no_wait_is_made_up(queue: ObservedQueue, ahead: int | None) -> None:
    found = analyzer.estimate_wait(queue, ahead)

    assert (found.eta_s is None) <= (found.reason is not None)
    if found.eta_interval_s is not None and found.eta_s is not None:
        assert 0 <= found.eta_interval_s[0] <= found.eta_s <= found.eta_interval_s[1]


@settings(max_examples=60, deadline=None)
@given(queues, batches, st.tuples(st.integers(0, 9), st.integers(0, 9)), measured)
def test_no_setting_is_made_up(
    queue: ObservedQueue, done: list[BatchRun], tried: tuple[int, int], p99_s: float | None
) -> None:
    data = PerformanceData(queue, done, max(tried), min(tried), p99_s)
    found = analyzer.optimize_queue_configuration(QueueConfig(), data)

    decided = {*found.kept, *(each.type for each in found.optimizations)}
    assert len(found.kept) + len(found.optimizations) == len(decided) == 3
    assert all(each.recommended != each.current for each in found.optimizations)
    assert all(found.kept.values())


@settings(max_examples=30, deadline=None)
@given(st.floats(0.1, 50), st.floats(0.1, 50), st.integers(1, 10_000), st.integers(-10, 10))
def test_the_unit_of_time_does_not_matter(
    arrivals: float, processed: float, size: int, power: int
) -> None:
    """Twice as fast: half the drain time, and the same trend."""
    found = []
    for factor in (1.0, 2.0**power):
        samples = past(60, size=1e9, arrivals=arrivals * factor, processed=processed * factor)
        (one,) = analyzer.analyze_queue_performance(
            [observed(samples, size=size)]
        ).backlog_analysis.queues
        found.append((one.trend, None if one.drain_time_s is None else one.drain_time_s * factor))

    (trend, drain_s), (other_trend, other_s) = found
    assert trend is other_trend
    assert (drain_s is None) == (other_s is None)
    if drain_s is not None and other_s is not None:
        assert abs(drain_s - other_s) <= 1e-6 * drain_s
