"""Events: warnings by reason, the moment of a placement, and that none of them is kept."""

from datetime import timedelta
from typing import Any

import pytest

from agents.collector import Batch
from agents.kubernetes.happenings import REMEMBERED, Happening, Happenings
from contracts.events import SchedulingDecision
from tests.agents.contract import NOW, changed_to_something, records_of, unexplained_nulls
from tests.agents.http_faults import FAULTS, NOT_FOUND
from tests.agents.kubernetes.scenes import EVENTS, Scene, busy, iso


def told(batch: Batch) -> dict[str, Any]:
    found: dict[str, Any] = batch.orchestrator.extra_metadata()["kubernetes"]
    return found


async def test_warnings_of_the_interval_by_reason() -> None:
    scene = busy()
    scene.event("old", "FailedScheduling", "big-1")
    await scene.scrape()
    scene.event("one", "FailedScheduling", "big-1", series={"count": 3})
    scene.event("one", "FailedScheduling", "big-1", series={"count": 7})
    scene.event("two", "FailedScheduling", "big-2")
    scene.event("three", "BackOff", "web-1", deprecatedCount=9)
    scene.event("fine", "Pulled", "web-1", type="Normal")
    batch, after = await scene.scrape(), await scene.scrape()
    await scene.collector.aclose()

    # What there was before is not asked for; of a count that is new to us only one is new.
    assert told(batch)["warningEvents"] == {"FailedScheduling of Pod": 6, "BackOff of Pod": 1}
    assert "events: 6 FailedScheduling of Pod" in batch.orchestrator.health.warnings
    assert told(after)["warningEvents"] == {}


async def test_the_event_tells_when_a_pod_was_placed_that_nobody_saw_waiting() -> None:
    scene = busy()
    await scene.scrape()
    created = scene.at - timedelta(seconds=5)
    at = scene.at.replace(microsecond=250_000)
    scene.pod("late", "n3", created=created)
    scene.event("placed", "Scheduled", "late", type="Normal", eventTime=iso(at))
    batch = await scene.scrape()
    await scene.collector.aclose()

    (decision,) = [each for each in batch.events if isinstance(each, SchedulingDecision)]
    assert decision.decision_factors["precision"] == "event"
    assert decision.decision_time == at
    assert decision.scheduling_latency == pytest.approx((at - created).total_seconds() * 1000)
    assert told(batch)["latencyPrecision"] == {"event": 1}


async def test_our_own_clock_stays_but_the_event_tells_the_moment() -> None:
    scene = busy()
    await scene.scrape()
    scene.pod("quick")
    await scene.heard()
    scene.seconds += 0.25
    scene.pod("quick", "n3")
    at = scene.at.replace(microsecond=400_000)
    scene.event("placed", "Scheduled", "quick", type="Normal", eventTime=iso(at))
    batch = await scene.scrape()
    await scene.collector.aclose()

    (decision,) = [each for each in batch.events if isinstance(each, SchedulingDecision)]
    assert decision.scheduling_latency == pytest.approx(250)
    assert (decision.decision_factors["precision"], decision.decision_time) == ("watch", at)


@pytest.mark.parametrize("fault", ["refused", "401", "500", "429", "half a JSON", "HTML"])
async def test_events_fail_by_themselves(fault: str) -> None:
    healthy, harmed = busy(), busy()
    harmed.wire.fail(f"GET {EVENTS}$", FAULTS[fault])
    well, ill = await second(healthy), await second(harmed)

    assert told(well)["warningEvents"] == {"Failed of Pod": 1}
    assert told(ill)["warningEvents"] is None
    sources = {each.source for each in ill.orchestrator.health.errors}
    assert sources == {"watch warning events", "watch scheduled events"}
    assert list(changed_to_something(well, ill)) == []


@pytest.mark.parametrize("fault", ["403", "not offered"])
async def test_without_the_right_or_the_kind_it_goes_without_events(fault: str) -> None:
    scene = busy()
    if fault == "403":
        scene.wire.fail(f"GET {EVENTS}$", FAULTS["403"])
    else:
        del scene.server.objects[EVENTS]
    batch = await second(scene, events=fault == "403")

    assert told(batch)["warningEvents"] is None
    assert batch.orchestrator.health.errors == ()
    assert not batch.orchestrator.metadata.partial
    named = [each for each in batch.orchestrator.health.warnings if "watch warning events" in each]
    assert len(named) == (fault == "403")


async def test_what_is_offered_is_asked_again_when_it_could_not_be_told() -> None:
    scene = busy()
    scene.wire.fail("GET /apis$", NOT_FOUND)
    first = await scene.scrape()
    scene.wire.heal()
    await scene.scrape()
    scene.event("one", "Failed", "web-1")
    later = await scene.scrape()
    await scene.collector.aclose()

    assert [each.source for each in first.orchestrator.health.errors] == ["API groups"]
    assert told(later)["warningEvents"] == {"Failed of Pod": 1}


async def second(scene: Scene, events: bool = True) -> Batch:
    await scene.scrape()
    if events:
        scene.event("one", "Failed", "web-1")
    batch = await scene.scrape()
    await scene.collector.aclose()
    assert [place for each in records_of(batch) for place in unexplained_nulls(each)] == []
    return batch


def test_what_is_remembered_of_events_is_bounded() -> None:
    happenings = Happenings()
    for number in range(REMEMBERED + 5):
        event = Happening(f"shop/{number}", "Failed", "Pod", str(number), NOW, 1)
        happenings.warned(None, event)
        happenings.placed(None, event)

    assert happenings.placed_at("4") is None
    assert happenings.placed_at("5") == NOW
    assert happenings.take_warnings().total() == REMEMBERED + 5


def test_a_count_that_begins_anew_is_none() -> None:
    happenings = Happenings()
    for count in (5, 2):
        happenings.warned(None, Happening("shop/a", "Failed", "Pod", "u", NOW, count))

    assert happenings.take_warnings() == {("Failed", "Pod"): 1}
