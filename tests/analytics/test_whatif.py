"""Policies beside one another over a pool's recorded steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from analytics.replay import Conditions
from analytics.whatif import PoolStep, policies_of, what_if

BOTH = policies_of([{"kind": "spec"}, {"kind": "default", "spare_workers": 2}])
NUMBER = st.none() | st.floats(-10, 1e6) | st.sampled_from([float("nan"), 0.0])


def test_load_is_slots_in_use_in_workers_worth() -> None:
    assert PoolStep(used_slots=30, total_slots=40, total_workers=4).load == 3


def test_a_steady_pool_costs_what_it_needs() -> None:
    steps = [PoolStep(40, 100, 10)] * 1440  # four workers' worth: five are needed at 0.8
    found = what_if(steps, BOTH, Conditions())
    spec, default = (each.replay for each in found.outcomes)

    assert spec is not None
    assert default is not None
    assert spec.under_provisioned == default.under_provisioned == 0
    assert spec.worker_hours == pytest.approx(5 * 24)
    assert default.worker_hours == pytest.approx(7 * 24, rel=0.01)
    assert found.evidence[0] == "Load: 4 workers' worth on average, 4 at most."


def test_what_was_never_known_is_not_replayed() -> None:
    found = what_if([PoolStep(None, 100, 10), PoolStep(5, None, 10)], BOTH, Conditions())

    assert [each.replay for each in found.outcomes] == [None, None]
    assert found.reason is not None
    assert what_if([], BOTH, Conditions()).reason == found.reason


def test_a_load_out_of_reason_is_unknown() -> None:
    assert what_if([PoolStep(1e9, 1e-9, 1.0)], BOTH, Conditions()).reason is not None


def test_what_a_policy_does_not_have_is_refused() -> None:
    with pytest.raises(ValidationError, match="hold_seconds"):
        policies_of([{"kind": "keda", "hold_seconds": 5}])
    with pytest.raises(ValidationError, match="kind"):
        policies_of([{"hold_s": 5}])


@given(st.lists(st.builds(PoolStep, NUMBER, NUMBER, NUMBER), max_size=30))
def test_no_history_is_a_crash_or_a_made_up_number(steps: list[PoolStep]) -> None:
    found = what_if(steps, BOTH, Conditions())
    known = any(each.load >= 0 for each in steps)

    assert (found.reason is None) == known
    assert all((each.replay is not None) == known for each in found.outcomes)
