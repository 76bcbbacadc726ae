"""The simulation agrees with itself and with queueing theory, and depends on its seed alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cli.demo.simulated_sites import SITES, Site
from cli.demo.simulation import (
    WAIT_BOUNDS_MS,
    Incident,
    IncidentKind,
    Observation,
    QueuePlan,
    Rhythm,
    Simulation,
    SitePlan,
)

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
STEADY = Rhythm(peak_hour=12, swing_ratio=0, weekend_ratio=1)
MINUTE = timedelta(minutes=1)


def plan(**changes: object) -> SitePlan:
    base = SitePlan(
        pool="pool",
        workers=2,
        slots=4,
        arrivals_per_min=4.0,
        rhythm=STEADY,
        queues=(QueuePlan("only", 1.0, mean_work_s=100, spread=0.5, failure_ratio=0),),
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # a test names fields that exist


def observations(
    site: SitePlan, minutes: int, start: datetime = MONDAY, seed: str = "1"
) -> Iterator[Observation]:
    simulation = Simulation(site, start, seed)
    return (simulation.observe(start + MINUTE * minute) for minute in range(1, minutes + 1))


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.instance_id)
def test_what_arrived_has_ended_or_is_still_there(site: Site) -> None:
    seen = list(observations(site.plan, 7 * 1_440))
    queues = [queue for each in seen for queue in each.queues.values()]
    ended = sum(queue.completed + queue.failed for queue in queues)
    left = sum(queue.waiting + queue.running for queue in seen[-1].queues.values())

    assert sum(queue.arrived for queue in queues) == ended + left


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.instance_id)
def test_littles_law_holds(site: Site) -> None:
    """Mean backlog = rate of arrivals * mean wait; the backlog is sampled once a minute."""
    minutes = 14 * 1_440
    backlog = waited_s = 0.0
    for each in observations(site.plan, minutes):
        backlog += sum(queue.waiting for queue in each.queues.values())
        waited_s += each.wait_sum_ms / 1_000

    assert backlog / minutes == pytest.approx(waited_s / (minutes * 60), rel=0.02)


def test_the_wait_is_that_of_erlang_c() -> None:
    """M/M/c with c = 8 and a = 4 * 100 / 60 erlangs.

    An exponential time of work is a lognormal's limit in no sense, so the wait is compared
    through Allen-Cunneen: Erlang C's mean wait times (1 + cv^2) / 2, cv^2 = exp(sigma^2) - 1.
    """
    sigma, servers, load = 0.8, 8, 4.0 * 100 / 60
    site = plan(queues=(QueuePlan("only", 1.0, mean_work_s=100, spread=sigma, failure_ratio=0),))
    seen = list(observations(site, 60 * 1_440))
    started = sum(queue.started for each in seen for queue in each.queues.values())
    measured_s = sum(each.wait_sum_ms for each in seen) / 1_000 / started

    blocking = 1.0
    for number in range(1, servers + 1):  # Erlang B by recursion
        blocking = load * blocking / (number + load * blocking)
    waits_ratio = blocking / (1 - load / servers * (1 - blocking))
    erlang_c_s = waits_ratio * 100 / (servers - load)
    variability = 0.5 * (1 + (2.718281828 ** (sigma**2) - 1))

    assert measured_s == pytest.approx(erlang_c_s * variability, rel=0.1)


def test_utilization_is_the_offered_load_over_the_slots() -> None:
    seen = list(observations(plan(), 20 * 1_440))
    used = sum(worker.used_slots for each in seen for worker in each.workers) / len(seen)

    assert used == pytest.approx(4.0 * 100 / 60, rel=0.03)


def test_waits_are_counted_in_their_buckets() -> None:
    for each in observations(plan(), 1_440):
        started = sum(queue.started for queue in each.queues.values())
        assert sum(each.wait_counts) == started
        assert len(each.wait_counts) == len(WAIT_BOUNDS_MS) + 1


def test_how_often_one_looks_changes_nothing() -> None:
    end = MONDAY + timedelta(days=2)
    by_minute = list(observations(plan(), 2 * 1_440))
    at_once = Simulation(plan(), MONDAY, "1").observe(end)

    def total(of: list[Observation], name: str) -> int:
        return sum(getattr(queue, name) for each in of for queue in each.queues.values())

    for name in ("arrived", "started", "completed", "failed", "attempts_failed"):
        assert total(by_minute, name) == total([at_once], name)
    assert by_minute[-1].workers == at_once.workers


def test_a_seed_is_a_history() -> None:
    once, again = list(observations(plan(), 500)), list(observations(plan(), 500))
    other = list(observations(plan(), 500, seed="2"))

    assert once == again
    assert once != other


def test_a_lost_worker_takes_its_jobs_with_it_and_comes_back() -> None:
    crash = Incident(IncidentKind.WORKER_LOST, hour=1.0, minutes=10)
    seen = list(observations(plan(incidents=(crash,)), 90))
    before, during, after = seen[58], seen[64], seen[80]

    assert before.workers[0].alive
    assert not during.workers[0].alive
    assert during.workers[0].used_slots == 0
    assert after.workers[0].alive
    assert (before.restarts, after.restarts) == (0, 1)
    assert sum(each.retried for each in seen) > 0


@pytest.mark.parametrize(
    ("kind", "strength", "field"),
    [
        (IncidentKind.SURGE, 6.0, "arrived"),
        (IncidentKind.RETRY_STORM, 0.9, "attempts_failed"),
        (IncidentKind.SLOW_DATABASE, 4.0, "waiting"),
    ],
)
def test_an_incident_shows(kind: IncidentKind, strength: float, field: str) -> None:
    incident = Incident(kind, hour=2.0, minutes=60, strength=strength)

    def during(site: SitePlan) -> int:
        hour = list(observations(site, 180))[120:]
        return sum(getattr(queue, field) for each in hour for queue in each.queues.values())

    assert during(plan(incidents=(incident,))) > 2 * during(plan())


def test_an_incident_covers_its_minutes_of_each_week() -> None:
    incident = Incident(IncidentKind.OUTAGE, hour=30, minutes=12)
    tuesday_six = MONDAY + timedelta(hours=30)

    covered = [
        incident.covers(tuesday_six + timedelta(weeks=week, minutes=minutes))
        for week in (0, 1)
        for minutes in (-1, 0, 11, 12)
    ]

    assert covered == [False, True, True, False] * 2


def test_the_day_and_the_week_show_in_the_arrivals() -> None:
    rhythm = Rhythm(peak_hour=12, swing_ratio=0.8, weekend_ratio=0.25)
    arrived = [0] * (7 * 24)
    for minute, each in enumerate(observations(plan(rhythm=rhythm), 7 * 1_440)):
        arrived[minute // 60] += sum(queue.arrived for queue in each.queues.values())

    assert sum(arrived[10:14]) > 3 * sum(arrived[22:26])
    assert sum(arrived[24:48]) > 2 * sum(arrived[5 * 24 : 6 * 24])
