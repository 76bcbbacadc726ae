"""When a waiting item is taken: by hand, against simulation, and what is not told."""

from datetime import timedelta

import numpy as np
import pytest

from analytics.findings import Confidence
from analytics.queue_analyzer import QueueAnalyzer
from contracts.orchestrator import QueueType
from tests.analytics.queue_analyzer.samples import observed, past
from tests.analytics.queue_analyzer.simulated import simulated

DAY_MINUTES = 24 * 60
estimate_wait = QueueAnalyzer().estimate_wait


def test_an_estimate_by_hand() -> None:
    samples = past(60, size=500.0, processed=[2.0, 3.0] * 30)
    found = estimate_wait(observed(samples, size=500, consumers=5), ahead=249)

    assert found.eta_s == pytest.approx(250 / 2.5, rel=0.02)  # 2.5 per second, itself included
    assert found.eta_interval_s is not None
    assert found.eta_interval_s[0] < 100 < found.eta_interval_s[1]
    assert found.reason is None


def test_the_last_item_has_all_others_ahead() -> None:
    samples = past(60, size=500.0, processed=2.0)
    found = estimate_wait(observed(samples, size=500))

    assert found.ahead == 499
    assert found.eta_s == pytest.approx(250.0)


def test_minutes_in_which_little_waited_do_not_count() -> None:
    """Consumers that have nothing to do are not slow."""
    size = [500.0] * 39 + [0.0] * 21
    processed = [5.0] * 40 + [0.1] * 20
    found = estimate_wait(observed(past(60, size=size, processed=processed), size=99))

    assert found.eta_s == pytest.approx(99 / 5)


def test_consumers_that_were_added_are_counted_with() -> None:
    """Two of them did 1 per second each; eight are there since five minutes."""
    consumers = [2.0] * 55 + [8.0] * 5
    samples = past(60, size=900.0, processed=consumers, consumers=consumers)
    found = estimate_wait(observed(samples, size=800, consumers=8))

    assert found.eta_s == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("newest", "reason"),
    [
        ({"size": 5, "type": QueueType.PRIORITY}, "The queue is priority"),
        ({"size": 5, "type": QueueType.LIFO}, "The queue is lifo"),
        ({"size": 0}, "Nothing waits"),
        ({"size": 5, "consumers": 0}, "Nobody takes"),
        ({"size": None}, "How many items wait is unknown"),
        ({"size": 5}, "In the last hour fewer than six blocks"),
    ],
)
def test_what_cannot_be_told_has_a_reason(newest: dict[str, object], reason: str) -> None:
    found = estimate_wait(observed(**newest))

    assert (found.eta_s, found.eta_interval_s, found.calibration) == (None, None, None)
    assert found.confidence is Confidence.LOW
    assert found.reason is not None
    assert found.reason.startswith(reason)


def test_a_queue_that_stands_still_has_no_end() -> None:
    found = estimate_wait(observed(past(60, size=50.0, processed=0.0), size=50))

    assert found.eta_s is None
    assert found.reason is not None
    assert "may have no end" in found.reason


def test_history_that_ended_long_ago_tells_nothing() -> None:
    old = past(180, size=[50.0] * 60 + [None] * 120, processed=[2.0] * 60 + [None] * 120)
    found = estimate_wait(observed(old, size=50))

    assert found.eta_s is None


def test_no_more_can_be_ahead_than_wait() -> None:
    found = estimate_wait(observed(past(60, size=50.0, processed=0.5), size=5), ahead=6)

    assert found.eta_s is None
    assert found.reason == "6 are said to be ahead, and only 5 wait."


def test_no_item_has_fewer_than_none_ahead() -> None:
    with pytest.raises(ValueError, match="-1 others"):
        estimate_wait(observed(size=5), ahead=-1)


def test_a_queue_that_was_foretold_badly_gets_a_wider_range() -> None:
    """Rates that change between hours are not seen in the hour before the change."""
    rates = [float(2 + 6 * (minute // 90 % 2)) for minute in range(3 * DAY_MINUTES)]
    queue = observed(past(len(rates), size=9000.0, processed=rates), size=9000)
    short = observed(past(60, size=9000.0, processed=rates[-60:]), size=9000)
    taught, untaught = estimate_wait(queue), estimate_wait(short)

    assert taught.calibration is not None
    assert taught.calibration.inside_ratio < 0.6
    assert untaught.calibration is None
    assert taught.eta_interval_s is not None
    assert untaught.eta_interval_s is not None
    assert taught.eta_interval_s[0] < untaught.eta_interval_s[0]
    assert taught.eta_interval_s[1] > untaught.eta_interval_s[1]
    assert any("earlier estimates" in line for line in taught.evidence)


@pytest.mark.parametrize(
    ("consumers", "service_s", "service_cv2"),
    [(4, 30.0, 1.0), (1, 20.0, 4.0), (12, 90.0, 0.25)],
)
def test_nine_in_ten_ranges_hold_in_simulation(
    consumers: int, service_s: float, service_cv2: float
) -> None:
    """Backlogs that come and go, items anywhere in them, a history of 16 h."""
    inside, real, foretold = [], [], []
    for seed in range(5):
        queue = simulated(
            consumers=consumers,
            service_s=service_s,
            service_cv2=service_cv2,
            days=2,
            seed=seed,
        )
        random = np.random.default_rng(seed)
        for minute in random.integers(DAY_MINUTES, 2 * DAY_MINUTES - 240, 12).tolist():
            waiting = queue.waiting(60.0 * (minute + 1))
            ahead = int(random.integers(max(1, waiting)))
            found = estimate_wait(queue.seen(minute, minute - 16 * 60), ahead)
            if found.eta_interval_s is None or found.eta_s is None:
                continue
            real_s = queue.real_wait_s(minute, ahead)
            inside.append(found.eta_interval_s[0] <= real_s <= found.eta_interval_s[1])
            real.append(real_s)
            foretold.append(found.eta_s)

    assert len(inside) >= 30
    # Moments of one backlog are alike, so the share itself varies.
    assert 0.82 <= np.mean(inside) <= 1.0
    assert sum(real) / sum(foretold) == pytest.approx(1.0, abs=0.1)


def test_the_past_calibration_is_that_of_the_simulation() -> None:
    queue = simulated(consumers=4, service_s=30.0, service_cv2=1.0, days=3, seed=3)
    minute = next(m for m in range(3 * DAY_MINUTES - 300, 0, -1) if queue.waiting(60.0 * m) > 99)
    found = estimate_wait(queue.seen(minute))

    assert found.calibration is not None
    assert found.calibration.judged > 200
    assert found.calibration.inside_ratio == pytest.approx(0.9, abs=0.06)
    assert found.calibration.median_ratio == pytest.approx(1.0, abs=0.06)
    assert found.confidence is Confidence.HIGH


def test_the_order_of_samples_and_doubles_do_not_matter() -> None:
    samples = past(90, size=500.0, processed=[float(1 + minute % 3) for minute in range(90)])
    shuffled = [samples[(7 * place) % 90] for place in range(90)]
    late = [sample for sample in past(90, size=1.0) if sample.at < samples[0].at - timedelta(1)]
    one = estimate_wait(observed(samples, size=500))

    assert estimate_wait(observed(shuffled + samples + late, size=500)) == one
