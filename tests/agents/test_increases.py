from collections.abc import Mapping

import pytest

from agents.exposition import Exposition, Labels
from agents.increases import Increase, MetricsScrape, increase, resets
from agents.missing import Missing
from agents.temporal.metrics import SERVER

ORDERS: Labels = (("taskqueue", "orders"),)
BILLS: Labels = (("taskqueue", "bills"),)
TIMER = "task_schedule_to_start_latency"


def exposition(requests: float = 10, **values: Mapping[Labels, float]) -> Exposition:
    return Exposition({"service_requests": {(): requests}, **values}, {}, SERVER)


def scraped(at_s: float, **endpoints: Exposition) -> MetricsScrape:
    return MetricsScrape(at_s, endpoints)


def waits(*cumulative: float, labels: Labels = ORDERS, sum_ms: float = 0.0) -> Exposition:
    bounds = (10.0, 100.0, float("inf"))
    return Exposition(
        {"service_requests": {(): 1}, f"{TIMER}_sum": {labels: sum_ms}},
        {TIMER: {labels: dict(zip(bounds, cumulative, strict=True))}},
        SERVER,
    )


def gained(before: Exposition, after: Exposition) -> Increase:
    found = increase(scraped(0, a=before), scraped(15, a=after))
    assert isinstance(found, Increase)
    return found


def anything(_: Mapping[str, str]) -> bool:
    return True


def test_the_first_scrape_has_no_increase() -> None:
    found = increase(None, scraped(0, a=exposition()))

    assert found == Missing("needs two scrapes of the metrics endpoint")


def test_a_counter_gains_over_all_endpoints() -> None:
    before = scraped(0, a=exposition(10), b=exposition(100))
    after = scraped(20, a=exposition(13), b=exposition(104))

    found = increase(before, after)

    assert isinstance(found, Increase)
    assert found.seconds == 20
    assert found.count("service_requests", anything) == 7


def test_a_series_that_appears_gains_all_it_has() -> None:
    after = exposition(activity_success={ORDERS: 4, BILLS: 2})

    found = gained(exposition(activity_success={ORDERS: 1}), after)

    assert found.count("activity_success", anything) == 5
    assert found.count("activity_success", lambda it: it["taskqueue"] == "bills") == 2


def test_a_counter_that_has_not_appeared_counts_nothing() -> None:
    found = gained(exposition(), exposition())

    assert found.count("service_errors", anything) == 0
    assert not found.exports("service_errors")


def test_a_gauge_has_no_increase() -> None:
    found = gained(exposition(gomaxprocs={(): 4}), exposition(gomaxprocs={(): 2}))

    assert not found.exports("gomaxprocs")


@pytest.mark.parametrize(
    "after",
    [
        exposition(3),
        exposition(10, activity_success={ORDERS: 1}),
        Exposition({"service_requests": {ORDERS: 99}}, {}, SERVER),
    ],
    ids=["smaller", "another counter smaller", "a series gone"],
)
def test_a_restarted_server_has_no_increase(after: Exposition) -> None:
    before = scraped(0, a=exposition(10, activity_success={ORDERS: 5}))

    found = increase(before, scraped(15, a=after))

    assert isinstance(found, Missing)
    assert "restarted" in found.reason
    assert resets(before, scraped(15, a=after)) == 1


def test_a_gauge_may_shrink_without_a_restart() -> None:
    before = scraped(0, a=exposition(gomaxprocs={(): 4}))

    assert resets(before, scraped(15, a=exposition(gomaxprocs={(): 2}))) == 0


def test_other_endpoints_than_before_have_no_increase() -> None:
    found = increase(scraped(0, a=exposition()), scraped(15, a=exposition(), b=exposition()))

    assert isinstance(found, Missing)


class TestHistogram:
    def test_buckets_hold_what_was_measured_in_the_interval(self) -> None:
        found = gained(waits(1, 4, 4, sum_ms=100), waits(3, 9, 10, sum_ms=2500))

        histogram = found.histogram(TIMER, anything)
        assert not isinstance(histogram, Missing)
        assert histogram.bounds_ms == (10, 100)
        assert histogram.counts == (2, 3, 1)
        assert histogram.sum_ms == 2400

    def test_picked_series_are_added(self) -> None:
        both = Exposition(
            waits(0, 0, 0).values,
            {
                TIMER: {
                    **waits(1, 1, 1).buckets[TIMER],
                    **waits(0, 2, 2, labels=BILLS).buckets[TIMER],
                }
            },
            SERVER,
        )
        found = gained(waits(0, 0, 0), both)

        histogram = found.histogram(TIMER, anything)
        assert not isinstance(histogram, Missing)
        assert histogram.counts == (1, 2, 0)

    def test_buckets_caught_in_mid_update_do_not_count_below_zero(self) -> None:
        found = gained(waits(0, 0, 0), waits(3, 2, 3))

        histogram = found.histogram(TIMER, anything)
        assert not isinstance(histogram, Missing)
        assert histogram.counts == (3, 0, 1)

    def test_without_an_unbounded_bucket_nothing_lies_above(self) -> None:
        only = Exposition(
            {"service_requests": {(): 1}}, {TIMER: {ORDERS: {10.0: 2, 100.0: 3}}}, SERVER
        )
        found = gained(exposition(1), only)

        histogram = found.histogram(TIMER, anything)
        assert not isinstance(histogram, Missing)
        assert histogram.counts == (2, 1, 0)

    def test_nothing_measured_yet_is_unknown(self) -> None:
        found = gained(exposition(), exposition())

        assert isinstance(found.histogram(TIMER, anything), Missing)

    def test_an_unknown_unit_is_unknown(self) -> None:
        found = Increase(15, {}, {}, unit_known=False)

        assert isinstance(found.histogram(TIMER, anything), Missing)
        assert isinstance(found.mean_ms("service_latency", anything), Missing)


class TestMean:
    def test_it_is_the_gained_sum_by_the_gained_count(self) -> None:
        before = exposition(service_latency_sum={(): 100}, service_latency_count={(): 10})
        after = exposition(service_latency_sum={(): 160}, service_latency_count={(): 13})

        assert gained(before, after).mean_ms("service_latency", anything) == 20

    def test_of_nothing_it_is_unknown(self) -> None:
        same = exposition(service_latency_sum={(): 100}, service_latency_count={(): 10})

        assert isinstance(gained(same, same).mean_ms("service_latency", anything), Missing)


class TestGauges:
    def test_a_process_that_plays_several_services_counts_once(self) -> None:
        services: dict[Labels, float] = {(("service_name", name),): 7.0 for name in "abc"}
        scrape = scraped(
            0, a=exposition(memory_heapinuse=services), b=exposition(memory_heapinuse=services)
        )

        assert scrape.process_sum_of("memory_heapinuse") == 14

    def test_what_each_service_has_is_added(self) -> None:
        services: dict[Labels, float] = {(("service_name", name),): 2.0 for name in "abc"}
        scrape = scraped(0, a=exposition(service_grpc_conn_active=services))

        assert scrape.sum_of("service_grpc_conn_active") == 6

    def test_what_is_not_exported_is_unknown(self) -> None:
        found = scraped(0, a=exposition()).sum_of("service_grpc_conn_active")

        assert found == Missing("the server does not export service_grpc_conn_active")
