"""Issues worked by hand."""

import pytest

from analytics.coordination.monitor import CoordinationMonitor
from analytics.coordination.results import CoordinationIssue, IssueSeverity, IssueType
from analytics.findings import Confidence
from contracts.events import CoordinationEvent
from tests.analytics.coordination.events import event

Events = list[CoordinationEvent]


def found(events: Events, skew_s: float = 1.0) -> tuple[CoordinationIssue, ...]:
    return CoordinationMonitor().detect_coordination_issues(events, max_clock_skew_s=skew_s)


def kinds(events: Events, skew_s: float = 1.0) -> list[str]:
    return [issue.type.value for issue in found(events, skew_s)]


def leads(
    member: str, from_s: float, to_s: float | None, election: str = "main", **details: object
) -> Events:
    begun = event(from_s, member, "leader_elected", election=election, **details)
    if to_s is None:
        return [begun]
    return [begun, event(to_s, member, "leader_lost", election=election)]


@pytest.mark.parametrize(("overlap_s", "expected"), [(0.0, []), (1.0, []), (1.1, ["split_brain"])])
def test_two_leaders_count_where_clocks_do_not_explain_them(
    overlap_s: float, expected: list[str]
) -> None:
    events = leads("a", 0, 100) + leads("b", 100 - overlap_s, 200)

    assert kinds(events) == expected


def test_the_overlap_is_told_with_the_bound() -> None:
    (issue,) = found(leads("a", 0, 100) + leads("b", 90, 200))
    (once,) = issue.occurrences

    assert issue.severity == IssueSeverity.CRITICAL
    assert issue.remediation == "Implement proper quorum and fencing"
    assert once.participants == ("a", "b")
    assert once.measured["overlap_s"] == pytest.approx(10)
    assert once.evidence == "a and b both led main for 10 s; clocks differ by 1 s at most."
    assert issue.confidence == Confidence.HIGH


def test_leaders_of_different_elections_may_lead_together() -> None:
    assert kinds(leads("a", 0, 100) + leads("b", 0, 100, election="other")) == []


def test_a_leader_whose_end_nobody_told_proves_nothing() -> None:
    assert kinds(leads("a", 0, None) + leads("b", 90, 200)) == []
    assert kinds(leads("a", 0, None) + leads("b", 90, 2000) + leads("a", 2000, None)) == []


def test_two_leaders_of_one_term_are_proof_at_any_time() -> None:
    assert kinds(leads("a", 0, 10, term=7) + leads("b", 1000, 1010, term=7)) == ["split_brain"]
    assert kinds(leads("a", 0, 10, term=7) + leads("b", 1000, 1010, term=8)) == []


def test_a_lease_lasts_from_its_last_renewal() -> None:
    held = [
        event(0, "a", "lease_acquired", election="main", leaseDurationS=30),
        event(20, "a", "lease_renewed", election="main", leaseDurationS=30),
    ]

    assert kinds([*held, event(45, "b", "lease_acquired", election="main")]) == []
    assert kinds([*held, *leads("b", 45, 90)]) == ["split_brain"]
    assert kinds([*held, *leads("b", 49.5, 90)]) == []


def write(at_s: float, member: str, token: int, **details: object) -> CoordinationEvent:
    return event(at_s, member, "write_accepted", resource="plan", fencingToken=token, **details)


def test_a_write_of_a_leader_that_had_been_replaced_counts_beyond_the_bound() -> None:
    assert kinds([write(0, "b", 5), write(0.9, "a", 4)]) == []
    assert kinds([write(0, "b", 5), write(1.1, "a", 4)]) == ["split_brain"]


def test_the_order_of_the_store_needs_no_clock() -> None:
    late = [write(0, "b", 5, revision=1), write(-50, "a", 4, revision=2)]
    early = [write(0, "b", 5, revision=2), write(50, "a", 4, revision=1)]

    assert kinds(late) == ["split_brain"]
    assert kinds(early) == []


def circle(lasts_s: float) -> Events:
    return [
        event(0, "a", "lock_acquired", lock="x"),
        event(0, "b", "lock_acquired", lock="y"),
        event(1, "a", "lock_waiting", lock="y"),
        event(2, "b", "lock_waiting", lock="x"),
        event(2 + lasts_s, "a", "lock_timeout", lock="y"),
    ]


@pytest.mark.parametrize(("lasts_s", "expected"), [(0.9, []), (1.1, ["deadlock"])])
def test_a_circle_of_waits_counts_where_it_lasts(lasts_s: float, expected: list[str]) -> None:
    assert kinds(circle(lasts_s)) == expected


def test_a_circle_is_told_member_by_member() -> None:
    (issue,) = found(circle(10))

    told = "b waits for x, which a holds; a waits for y, which b holds."

    assert issue.occurrences[0].evidence == told
    assert issue.occurrences[0].measured["members"] == 2


def test_waits_in_a_row_and_time_outs_are_no_deadlock() -> None:
    events = [
        event(0, "a", "lock_acquired", lock="x"),
        event(1, "b", "lock_acquired", lock="y"),
        event(2, "b", "lock_waiting", lock="x"),
        event(3, "c", "lock_waiting", lock="y"),
        event(60, "c", "lock_timeout", lock="y"),
    ]

    assert kinds(events) == []


def test_a_hold_whose_end_was_lost_is_in_no_circle() -> None:
    events = circle(10)

    assert kinds([*events, event(1.9, "c", "lock_acquired", lock="x")]) == []
    assert kinds([*events, event(0.9, "c", "lock_acquired", lock="x")]) == ["deadlock"]


def test_readers_do_not_wait_for_readers() -> None:
    events = [
        event(at, member, kind, lock=lock, mode="shared")
        for at, member, kind, lock in (
            (0, "a", "lock_acquired", "x"),
            (0, "b", "lock_acquired", "y"),
            (1, "a", "lock_waiting", "y"),
            (2, "b", "lock_waiting", "x"),
            (99, "c", "lock_acquired", "z"),
        )
    ]

    assert kinds(events) == []


def turns(count: int, wait_s: float, hold_s: float) -> Events:
    length = wait_s + hold_s
    return [
        event(i * length + at, f"m{i % 3}", kind, lock="x")
        for i in range(count)
        for at, kind in (
            (0.0, "lock_waiting"),
            (wait_s, "lock_acquired"),
            (length, "lock_released"),
        )
    ]


@pytest.mark.parametrize(
    ("count", "wait_s", "expected"),
    [(20, 3.0, ["lock_contention"]), (19, 3.0, []), (20, 1.0, []), (20, 0.5, [])],
)
def test_a_lock_that_is_waited_for_longer_than_held_is_contended(
    count: int, wait_s: float, expected: list[str]
) -> None:
    assert kinds(turns(count, wait_s, 1.0)) == expected


def test_contention_is_the_share_of_the_time_that_was_waited() -> None:
    (issue,) = found(turns(20, 3.0, 1.0))

    assert issue.severity == IssueSeverity.HIGH
    assert issue.details["severity"] == pytest.approx(0.75)
    assert issue.occurrences[0].evidence == "x: 60 s waited and 20 s held in 20 turns."


def test_a_wait_told_with_the_lock_counts_too() -> None:
    events = [
        event(10 * i + at, "a", kind, lock="x", **details)
        for i in range(20)
        for at, kind, details in (
            (0, "lock_acquired", {"waitMs": 3000}),
            (1, "lock_released", {}),
        )
    ]

    assert found(events)[0].details["severity"] == pytest.approx(0.75)


@pytest.mark.parametrize(("last_s", "expected"), [(598.9, ["election_storm"]), (599.5, [])])
def test_three_elections_in_ten_minutes_by_any_clock_are_a_storm(
    last_s: float, expected: list[str]
) -> None:
    events = [
        event(at_s, f"m{i}", "leader_elected", election="main", term=i)
        for i, at_s in enumerate((0.0, 300.0, last_s))
    ]

    assert kinds(events) == expected


def test_an_election_that_three_tell_of_is_one() -> None:
    events = [
        event(at_s, "a", "leader_elected", election="main", term=4) for at_s in (0.0, 0.1, 0.2)
    ]

    assert kinds(events) == []


def decisions(count: int, took_ms: float) -> Events:
    return [event(60 * i, "a", "committed", consensus_ms=took_ms) for i in range(count)]


@pytest.mark.parametrize(
    ("count", "took_ms", "expected"),
    [(20, 1001.0, ["consensus_delays"]), (20, 1000.0, []), (19, 5000.0, [])],
)
def test_decisions_are_slow_above_a_second_on_average(
    count: int, took_ms: float, expected: list[str]
) -> None:
    assert kinds(decisions(count, took_ms)) == expected


def test_a_slow_hour_is_not_hidden_by_a_fast_week() -> None:
    fast = [event(3600 + 60 * i, "b", "committed", consensus_ms=5.0) for i in range(10_000)]
    (issue,) = found(decisions(20, 1500.0) + fast)

    assert issue.severity == IssueSeverity.MEDIUM
    assert float(issue.details["avg_delay"] or 0) == pytest.approx(1500, rel=0.7)


def test_the_worst_comes_first() -> None:
    events = decisions(20, 2000) + turns(20, 3.0, 1.0) + leads("a", 0, 100) + leads("b", 90, 200)

    assert [issue.type for issue in found(events)] == [
        IssueType.SPLIT_BRAIN,
        IssueType.LOCK_CONTENTION,
        IssueType.CONSENSUS_DELAYS,
    ]


def test_what_could_not_be_read_lowers_the_confidence() -> None:
    events = leads("a", 0, 100) + leads("b", 90, 200)

    assert found([*events, event(0, "", "leader_lost")])[0].confidence == Confidence.MEDIUM
    assert found([*events, event(0, "", "shard_moved")])[0].confidence == Confidence.HIGH


def test_nothing_is_nothing() -> None:
    assert found([]) == ()


@pytest.mark.parametrize("skew_s", [-1.0, float("nan")])
def test_a_bound_below_zero_is_refused(skew_s: float) -> None:
    with pytest.raises(ValueError, match="max_clock_skew_s"):
        found([], skew_s)


def began(times: int, every_s: float, *, leaves: bool = True) -> list[CoordinationEvent]:
    """A scheduler that ends just before it begins again."""
    found = [event(0, "host-1", "scheduler_joined", job=0)]
    for number in range(1, times + 1):
        at_s = number * every_s
        if leaves:
            found.append(event(at_s - 1, "host-1", "scheduler_left", job=number - 1))
        found.append(event(at_s, "host-1", "scheduler_joined", job=number))
    return found


@pytest.mark.parametrize(
    ("events", "restarts"),
    [
        (began(3, 100), 3),
        (began(3, 300), 3),  # 600 s from the first to the third
        (began(3, 301), None),
        (began(2, 10), None),
        (began(5, 10, leaves=False), None),  # six schedulers of one host, none of which ended
        (began(9, 200), 9),
        ([*began(2, 10), event(30, "host-2", "scheduler_joined")], None),
    ],
)
def test_a_member_that_begins_again_and_again(
    events: list[CoordinationEvent], restarts: int | None
) -> None:
    issues = CoordinationMonitor().detect_coordination_issues(events)

    assert [each.type for each in issues] == ([] if restarts is None else ["restart_storm"])
    if restarts is not None:
        (issue,) = issues
        (storm,) = issue.occurrences
        assert (storm.subject, storm.measured) == ("host-1", {"restarts": restarts})
        assert f"began again {restarts} times" in issue.evidence
        assert issue.severity == "high"
