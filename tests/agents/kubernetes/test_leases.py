"""From two states of a lease that a watch saw to what the detectors find."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from agents.kubernetes.leases import LeaseTrail, build_lease_events
from agents.kubernetes.state import LeaseState
from agents.kubernetes.wire import LeaseSpec
from analytics.coordination.monitor import CoordinationMonitor
from analytics.coordination.results import IssueType
from contracts.events import CoordinationEvent
from tests.agents.argo.scenes import LEASES as ARGO_LEASES
from tests.agents.argo.scenes import busy as busy_argo
from tests.agents.contract import NOW
from tests.agents.kube.fake import NAMES
from tests.agents.kubernetes.scenes import LEASES, busy, iso


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def lease(
    holder: str, acquired_s: float, renewed_s: float, term: int = 3, **more: Any
) -> LeaseState:
    spec = LeaseSpec(holder, more.get("lasts_s", 15), after(acquired_s), after(renewed_s), term)
    return LeaseState("scheduler", spec, "0123456789")


def told(
    trail: LeaseTrail, *leases: LeaseState, at_s: float, lists: int = 1
) -> list[CoordinationEvent]:
    events = trail.take(leases, after(at_s), lists)
    return list(build_lease_events(events, NAMES))


def kinds(events: list[CoordinationEvent]) -> list[tuple[str, str]]:
    return [(each.event_type.split("_", 1)[1], each.participants[0]) for each in events]


def found(events: list[CoordinationEvent]) -> list[IssueType]:
    return [each.type for each in CoordinationMonitor().detect_coordination_issues(events)]


def seen(*states: LeaseState, lists: int = 1) -> list[CoordinationEvent]:
    """The first is listed, the others are changes; the last one is fresh."""
    trail = LeaseTrail()
    events = told(trail, states[0], at_s=0)
    for before, now in pairwise(states):
        trail.change(before, now)
    spec = states[-1].spec
    assert spec.renew_time is not None
    at_s = (spec.renew_time - NOW).total_seconds()
    return events + told(trail, states[-1], at_s=at_s, lists=lists)


def test_whoever_takes_over_while_the_lease_lasts_splits_the_brain() -> None:
    events = seen(lease("a", -100, -1), lease("a", -100, 5), lease("b", 9, 9, term=4))

    assert kinds(events) == [
        *[("acquired", "a")] * 2,  # the same event, told again for whoever reads what is recent
        ("renewed", "a"),
        ("acquired", "b"),
    ]
    assert found(events) == [IssueType.SPLIT_BRAIN]


def test_one_that_waits_until_it_ran_out_does_not() -> None:
    events = seen(lease("a", -100, -1), lease("b", 16, 16, term=4))

    assert ("expired", "a") in kinds(events)
    assert found(events) == []


def test_a_release_that_was_seen_ends_it() -> None:
    events = seen(lease("a", -100, -1), lease("", 3, 3, lasts_s=1), lease("b", 3.5, 3.5, term=4))

    assert kinds(events)[-2:] == [("released", "a"), ("acquired", "b")]
    assert found(events) == []


def test_a_release_may_have_happened_where_it_could_not_be_seen() -> None:
    events = seen(lease("a", -100, -1), lease("b", 9, 9, term=4), lists=2)

    assert ("lost", "a") in kinds(events)
    assert found(events) == []


def test_a_lease_that_nobody_renews_and_one_that_is_renewed_again() -> None:
    trail, held = LeaseTrail(), lease("a", -100, -1)
    events = told(trail, held, at_s=0) + told(trail, held, at_s=30) + told(trail, held, at_s=60)
    trail.change(held, lease("a", -100, 70))
    events += told(trail, lease("a", -100, 70), at_s=71)

    assert [(each.event_type, each.event_time) for each in events] == [
        ("lease_acquired", after(-100)),
        ("lease_expired", after(14)),
        ("lease_acquired", after(70)),
    ]
    assert found(events) == []


def test_leaders_that_come_and_go_are_a_storm() -> None:
    states = [lease("ab"[term % 2], 20 * term, 20 * term, term) for term in range(5)]

    assert found(seen(*states)) == [IssueType.ELECTION_STORM]


def test_what_was_acquired_days_ago_is_told_by_its_renewal() -> None:
    (event,) = told(LeaseTrail(), lease("a", -1e6, -2), at_s=0)

    assert event.event_time == after(-2)


def test_a_lease_that_is_made_anew_is_another_election() -> None:
    trail, old = LeaseTrail(), lease("a", -100, -1, term=0)
    events = told(trail, old, at_s=0)
    trail.change(old, None)
    new = LeaseState("scheduler", lease("b", 2, 2, term=0).spec, "another-uid")
    trail.change(None, new)
    events += told(trail, new, at_s=3)

    assert kinds(events) == [("acquired", "a"), ("acquired", "b")]
    assert found(events) == []


@pytest.mark.parametrize("agent", ["kubernetes", "argo"])
async def test_each_agent_tells_of_them(agent: str) -> None:
    scene: Any = busy() if agent == "kubernetes" else busy_argo()
    path = LEASES if agent == "kubernetes" else ARGO_LEASES
    events = events_of(await scene.scrape())
    key = "/kube-scheduler" if agent == "kubernetes" else "/workflow-controller"
    body = scene.server.objects[path][key]
    moments = {"acquireTime": iso(after(5)), "renewTime": iso(scene.at)}
    spec = body["spec"] | moments | {"holderIdentity": "usurper", "leaseTransitions": 9}
    scene.server.put(path, body | {"spec": spec})
    events += events_of(await scene.scrape())
    await scene.collector.aclose()

    (issue,) = CoordinationMonitor().detect_coordination_issues(events)
    assert issue.type is IssueType.SPLIT_BRAIN
    assert "usurper" in issue.occurrences[0].participants


def events_of(batch: Any) -> list[CoordinationEvent]:
    return [each for each in batch.events if isinstance(each, CoordinationEvent)]
