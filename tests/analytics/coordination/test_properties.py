"""What holds for any events, and for scenes made from seeds."""

import json
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from analytics.coordination.events import READ
from analytics.coordination.monitor import CoordinationMonitor
from analytics.coordination.results import CoordinationIssue
from benchmarks.coordination_scenes import FAULTS, SKEW_S, healthy, planted
from contracts.events import CoordinationEvent
from tests.analytics.coordination.events import event_of

MONITOR = CoordinationMonitor()

DETAILS = st.dictionaries(
    st.sampled_from(
        [
            "election",
            "term",
            "leaseDurationS",
            "resource",
            "fencingToken",
            "revision",
            "lock",
            "waitMs",
            "mode",
        ]
    ),
    st.sampled_from(["x", "y", "shared"])
    | st.none()
    | st.booleans()
    | st.integers(-2, 2**70)
    | st.floats(allow_nan=False, allow_infinity=False),
)
TIMED = st.fixed_dictionaries(
    {}, optional={"consensus_ms": st.none() | st.floats(0, allow_nan=False, allow_infinity=False)}
)
EVENTS = st.lists(
    st.builds(
        event_of,
        st.floats(-1000, 1000) | st.sampled_from([0.0, 1e9]),
        st.sampled_from(["", "a", "b", "c"]),
        st.sampled_from(sorted(READ)) | st.just("shard_moved"),
        st.builds(lambda one, other: one | other, DETAILS, TIMED),
        st.none() | st.integers(0, 30),
    ),
    max_size=40,
)


def kinds(issues: tuple[CoordinationIssue, ...]) -> set[str]:
    return {issue.type.value for issue in issues}


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_any_events_give_issues_that_json_can_hold(events: list[CoordinationEvent]) -> None:
    for issue in MONITOR.detect_coordination_issues(events):
        assert issue.occurrences
        assert all(it.from_s <= it.to_s for it in issue.occurrences)
        assert json.loads(issue.model_dump_json())["evidence"]


@settings(max_examples=10, deadline=None)
@given(st.sampled_from(sorted(FAULTS)), st.integers(0, 2**32), st.randoms())
def test_order_and_doubles_do_not_matter(fault: str, seed: int, random: Random) -> None:
    events = list({it.id: it for it in planted(fault, seed)}.values())
    shuffled = events * 2
    random.shuffle(shuffled)
    once = MONITOR.detect_coordination_issues(events)

    assert MONITOR.detect_coordination_issues(shuffled) == once


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("seed", range(7000, 7005))
def test_a_planted_fault_is_found_and_nothing_else(fault: str, seed: int) -> None:
    issues = MONITOR.detect_coordination_issues(planted(fault, seed), max_clock_skew_s=SKEW_S)

    assert kinds(issues) == {fault}


@pytest.mark.parametrize("seed", range(8000, 8020))
def test_a_healthy_scene_has_no_issue(seed: int) -> None:
    assert MONITOR.detect_coordination_issues(healthy(seed), max_clock_skew_s=SKEW_S) == ()


@settings(max_examples=40, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12))
def test_a_deadlock_is_a_strong_component_of_who_waits_for_whom(
    waits: set[tuple[int, int]],
) -> None:
    events = [event_of(0, f"m{i}", "lock_acquired", {"lock": f"x{i}"}) for i in range(6)]
    events += [event_of(1 + i, f"m{i}", "lock_waiting", {"lock": f"x{j}"}) for i, j in waits]
    graph = np.zeros((6, 6))
    for i, j in waits:
        graph[i, j] = i != j
    count, _ = connected_components(graph, directed=True, connection="strong")
    issues = MONITOR.detect_coordination_issues([*events, event_of(99, "m0", "heartbeat", {})])

    assert ("deadlock" in kinds(issues)) == (count < 6)


def test_a_bound_that_is_too_small_accuses_clocks() -> None:
    seeds = range(9000, 9010)
    told = [MONITOR.detect_coordination_issues(healthy(it), max_clock_skew_s=0.0) for it in seeds]

    assert any("split_brain" in kinds(issues) for issues in told)
