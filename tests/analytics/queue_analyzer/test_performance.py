"""`analyze_queue_performance`: by hand, and what is unknown."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest

from analytics.findings import Confidence
from analytics.queue_analysis.findings import BacklogTrend, QueueBacklog, QueuePerformance
from analytics.queue_analysis.observed import ObservedQueue, QueueSample
from analytics.queue_analysis.performance import DeadLetterSample
from analytics.queue_analyzer import QueueAnalyzer
from tests.analytics.queue_analyzer.samples import observed, past
from tests.records import NOON


def analyzed(*queues: ObservedQueue, letters: Sequence[DeadLetterSample] = ()) -> QueuePerformance:
    return QueueAnalyzer().analyze_queue_performance(queues, letters)


def backlog_of(queue: ObservedQueue) -> QueueBacklog:
    return analyzed(queue).backlog_analysis.queues[0]


def test_throughput_is_that_of_the_last_hour() -> None:
    samples = past(90, size=500.0, arrivals=[9.0] * 30 + [1.0, 3.0] * 30, processed=4.0)
    found = analyzed(observed(samples, arrival_rate=50.0)).throughput_analysis.queues[0]

    # Blocks of five minutes have 9 / 5 or 11 / 5 in turn.
    assert found.arrival_rate_per_s == pytest.approx(2.0)
    assert found.arrival_interval_per_s == pytest.approx((1.894, 2.106), abs=2e-3)
    assert found.processing_rate_per_s == 4.0
    assert found.processing_interval_per_s == (4.0, 4.0)
    assert found.capacity_rate_per_s == 4.0
    assert found.load_ratio == pytest.approx(0.5)


def test_without_history_rates_are_those_of_the_newest_record() -> None:
    found = analyzed(observed(arrival_rate=5.0, processing_rate=4.0)).throughput_analysis

    assert (found.arrival_rate_per_s, found.processing_rate_per_s) == (5.0, 4.0)
    assert found.queues[0].arrival_interval_per_s is None
    assert found.queues[0].capacity_rate_per_s is None


def test_a_sum_of_which_a_part_is_unknown_is_unknown() -> None:
    queues = (observed(size=4, arrival_rate=5.0, consumers=1), observed(name="other"))
    found = analyzed(*queues)

    assert found.throughput_analysis.arrival_rate_per_s is None
    assert found.backlog_analysis.size is None
    assert found.consumer_analysis.consumers is None


def test_the_mean_wait_of_a_steady_hour_is_that_of_little() -> None:
    samples = past(60, size=[40.0, 80.0] * 30, arrivals=2.0, processed=2.0, age_s=45.0)
    found = analyzed(observed(samples)).latency_analysis.queues[0]

    assert found.mean_wait_s == pytest.approx(30.0)  # 60 items / 2 per second
    assert found.longest_age_s == 45.0
    assert found.over_target is False


def test_a_growing_queue_has_no_mean_wait_but_an_oldest_item() -> None:
    samples = past(60, size=900.0, arrivals=3.0, processed=2.0)
    oldest = NOON - timedelta(minutes=6)
    found = analyzed(observed(samples, size=900, oldest_message=oldest)).latency_analysis

    assert found.queues[0].mean_wait_s is None
    assert found.queues[0].oldest_age_s == 360.0
    assert found.over_target == 1  # the target is 300 s


@pytest.mark.parametrize(
    ("arrivals", "processed", "trend"),
    [
        (3.0, 2.0, BacklogTrend.GROWING),
        (2.0, 3.0, BacklogTrend.SHRINKING),
        ([1.0] * 30 + [3.0] * 30, 2.0, BacklogTrend.STEADY),
    ],
)
def test_a_trend_is_one_only_beyond_chance(
    arrivals: float | list[float], processed: float, trend: BacklogTrend
) -> None:
    samples = past(60, size=500.0, arrivals=arrivals, processed=processed)

    assert backlog_of(observed(samples, size=500)).trend is trend


def test_growth_without_rates_is_the_change_of_the_size() -> None:
    samples = past(61, size=[float(100 + 30 * minute) for minute in range(61)])
    found = backlog_of(observed(samples, size=1900))

    assert found.growth_per_s == pytest.approx(0.5)
    assert found.trend is BacklogTrend.GROWING
    assert found.drain_time_s is None
    assert found.reason == "By the last hour, at least as much arrives as is worked off."


def test_sizes_of_every_fifth_minute_are_enough() -> None:
    sizes = [None if minute % 5 else float(3000 - 30 * minute) for minute in range(61)]
    found = backlog_of(observed(past(61, size=sizes), size=1200))

    assert found.drain_time_s == pytest.approx(2400.0)  # 0.5 per second


def test_a_backlog_drains_at_the_surplus_of_minutes_that_had_one() -> None:
    samples = past(
        60, size=[0.0] * 20 + [600.0] * 40, arrivals=1.0, processed=[1.0] * 20 + [3.0] * 40
    )
    found = backlog_of(observed(samples, size=600))

    assert found.drain_time_s == pytest.approx(300.0)
    assert found.drain_interval_s is not None
    assert found.drain_interval_s[0] <= 300.0 <= found.drain_interval_s[1]
    assert found.reason is None


def test_consumers_that_were_taken_away_do_not_drain_any_more() -> None:
    consumers = [4.0] * 55 + [1.0] * 5
    samples = past(60, size=9000.0, arrivals=2.0, processed=consumers, consumers=consumers)
    found = backlog_of(observed(samples, size=9000, consumers=1))

    assert found.drain_time_s is None
    assert found.trend is BacklogTrend.SHRINKING  # which it did over the hour


def test_a_surplus_that_may_be_none_has_no_bound() -> None:
    samples = past(60, size=600.0, arrivals=2.0, processed=[1.0] * 29 + [3.2] * 31)
    found = backlog_of(observed(samples, size=600))

    assert found.drain_time_s is not None
    assert found.drain_interval_s is None
    assert found.reason is not None
    assert found.reason.startswith("By the last hour it is not certain")


@pytest.mark.parametrize(
    ("newest", "drain_s", "reason"),
    [
        ({"size": 10, "arrival_rate": 2.0, "processing_rate": 4.5}, 4.0, "By the newest record"),
        ({"size": 10, "arrival_rate": 5.0, "processing_rate": 4.5}, None, "The rates of the"),
        ({"size": None, "arrival_rate": 2.0, "processing_rate": 4.5}, None, "How many items"),
        ({"size": 0}, 0.0, None),
    ],
)
def test_drain_times_of_the_newest_record_alone(
    newest: dict[str, object], drain_s: float | None, reason: str | None
) -> None:
    found = backlog_of(observed(**newest))

    assert found.drain_time_s == drain_s
    assert (found.reason or "").startswith(reason or "")


def test_nine_in_ten_drain_intervals_hold() -> None:
    """2,000 items, 9 arriving and 10 worked off per second, both by chance."""
    random = np.random.default_rng(5)
    inside = []
    for _ in range(120):
        arrivals, done = random.poisson(540, 180), random.poisson(600, 180)
        samples = past(
            60,
            size=5000.0,
            arrivals=(arrivals[:60] / 60).tolist(),
            processed=(done[:60] / 60).tolist(),
        )
        left = 2000 - np.cumsum((done - arrivals)[60:])
        minute = int(np.argmax(left <= 0))
        over = left[minute] / (done - arrivals)[60 + minute]
        found = backlog_of(observed(samples, size=2000)).drain_interval_s
        inside.append(found is not None and found[0] <= 60 * (minute + 1 + float(over)) <= found[1])

    assert 0.84 <= np.mean(inside) <= 0.96


def test_consumers_by_hand() -> None:
    samples = past(60, size=900.0, arrivals=3.0, processed=2.0)
    found = analyzed(observed(samples, size=900, consumers=8, in_flight=8)).consumer_analysis

    queue = found.queues[0]
    assert queue.service_s == pytest.approx(4.0)  # 8 consumers do 2 per second
    assert queue.utilization_ratio == pytest.approx(1.5)
    assert queue.needed_consumers == 15  # 12 busy / 0.85, and that waits far less than 300 s
    assert queue.unattended is False


def test_without_a_backlog_the_processing_time_stands_for_the_service() -> None:
    found = analyzed(observed(arrival_rate=3.0, avg_processing_time=2000.0, consumers=12))

    queue = found.consumer_analysis.queues[0]
    assert queue.service_s == 2.0
    assert queue.utilization_ratio == pytest.approx(0.5)


def test_dead_letters_that_are_added_count_and_removed_ones_do_not() -> None:
    hours = [(3, 9), (0, 4), (2, 5), (1, 0)]  # in the order 4, 0, 5, 9: 4 removed, 5 + 4 added
    letters = [DeadLetterSample(NOON + timedelta(hours=at), count) for at, count in hours]
    failing = observed(error_rate=0.25, processing_rate=4.0)
    found = analyzed(failing, observed(error_rate=0.0), letters=letters).dead_letter_analysis

    assert found.dead_letters == 9
    assert found.dead_letters_per_h == pytest.approx(3.0)
    assert [(each.error_ratio, each.failed_per_s) for each in found.failing] == [(0.25, 1.0)]


def test_opportunities_name_the_most_urgent_first() -> None:
    orphan = observed(name="orphan", size=3, consumers=0)
    slow = observed(
        past(60, size=900.0, arrivals=3.0, processed=2.0), name="slow", size=900, consumers=8
    )
    idle = observed(name="idle", size=0, arrival_rate=0.1, avg_processing_time=100.0, consumers=9)
    letters = [
        DeadLetterSample(NOON, 0),
        DeadLetterSample(NOON + timedelta(hours=1), 5, poison_messages=2),
    ]
    found = analyzed(orphan, slow, idle, letters=letters).optimization_opportunities

    assert [each.action for each in found] == [
        "Start consumers for orphan, or stop sending to it.",
        "Raise the consumers of slow from 8 to at least 15.",
        "Lower the consumers of idle from 9 to 1, if its own history replayed so allows it.",
        "Set the items aside that fail again and again.",
        "Look why items are given up.",
    ]


def test_confidence_is_the_share_that_is_known() -> None:
    letters = [DeadLetterSample(NOON, 0)]
    samples = past(60, size=600.0, arrivals=1.0, processed=3.0)
    all_known = observed(samples, size=600, consumers=4, oldest_message=NOON)

    assert analyzed(all_known, letters=letters).confidence is Confidence.HIGH
    assert analyzed(all_known).confidence is Confidence.MEDIUM
    assert analyzed(observed()).confidence is Confidence.LOW
    assert analyzed().reason == "No queue was given."


@pytest.mark.parametrize("field", ["size", "arrival_rate_per_s", "oldest_age_s"])
def test_samples_below_0_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=">= 0"):
        QueueSample(NOON, **{field: -1.0})


def test_times_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        QueueSample(NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="zone"):
        ObservedQueue(observed().newest, NOON.replace(tzinfo=None))
