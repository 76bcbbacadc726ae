"""One sample after the other: `for`, clearing, gaps, grace and windows by hand."""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from analytics.alerting.evaluator import Evaluation, evaluate
from analytics.alerting.rules import PACKS, RulePack, packaged
from analytics.alerting.signals import SIGNALS, Sample
from analytics.alerting.state import SubjectState, add, window_sum
from contracts.alerts import Alert, AlertState
from tests.records import NOON, orchestrator_record

RECORD = orchestrator_record()


def sample(at_s: float, reachable: bool = True, **signals: float | str | None) -> Sample:
    return Sample(
        at=NOON + timedelta(seconds=at_s),
        orchestrator_id=RECORD.orchestrator_id,
        subject_id=RECORD.orchestrator_id,
        signals=signals,
        reachable=reachable,
    )


def pack(*when: dict[str, object], **rule: object) -> RulePack:
    fields = {"name": "R", "message": "!", "severity": "critical", "route": "page", "when": when}
    return RulePack.model_validate({"name": "p", "rules": [fields | rule]})


def played(rules: RulePack, samples: Iterable[Sample]) -> list[Evaluation]:
    state, done = SubjectState(), []
    for each in samples:
        done.append(evaluate(rules, state, each))
        state = done[-1].state
    return done


def states(rules: RulePack, *samples: Sample) -> list[AlertState | None]:
    return [it.alerts[0].state if it.alerts else None for it in played(rules, samples)]


LOW = {"signal": "health_score", "below": 0.7, "clear": 0.8}
PENDING, FIRING, RESOLVED = AlertState.PENDING, AlertState.FIRING, AlertState.RESOLVED


def test_it_fires_when_the_condition_has_held_and_ends_when_it_was_clear_long_enough() -> None:
    rules = pack(LOW, for_s=120, clear_for_s=60)
    scores = [0.6, 0.6, 0.6, 0.75, 0.8, 0.75, 0.9, 0.9, 0.9]
    samples = [sample(60 * i, health_score=score) for i, score in enumerate(scores)]
    expected = [PENDING, PENDING, FIRING, FIRING, FIRING, FIRING, FIRING, RESOLVED, None]

    assert states(rules, *samples) == expected


def test_an_alert_keeps_its_id_and_tells_its_times() -> None:
    rules = pack(LOW, for_s=60)
    samples = [sample(60 * i, health_score=score) for i, score in enumerate([0.6, 0.5, 0.9, 0.6])]
    first, second, third, fourth = (it.alerts[0] for it in played(rules, samples))

    assert first.id == second.id == third.id != fourth.id
    assert third.started_at == NOON
    assert third.fired_at == NOON + timedelta(seconds=60)
    assert third.resolved_at == NOON + timedelta(seconds=120)
    assert (third.value, third.threshold) == (0.5, 0.7)
    assert third.evidence == {"health_score": 0.5}


def test_a_time_that_nobody_saw_counts_for_nothing() -> None:
    rules = pack(LOW, for_s=600)
    samples = [sample(at_s, health_score=0.6) for at_s in (0, 300, 601, 900, 901)]

    # 300 + 299 + 1 s: the 301 s in between are more than are believed.
    assert states(rules, *samples) == [PENDING] * 4 + [FIRING]


def test_nothing_known_is_said_and_changes_nothing() -> None:
    done = played(pack(LOW), [sample(0), sample(60, health_score=0.6), sample(120)])

    assert [it.not_judged for it in done] == [("R",), (), ("R",)]
    assert [len(it.alerts) for it in done] == [0, 1, 1]
    assert done[2].alerts[0].state == FIRING


def test_one_known_condition_that_does_not_hold_is_enough() -> None:
    rules = pack(LOW, {"signal": "pending_workflows", "above": 0})
    done = played(rules, [sample(0, health_score=0.9)])

    assert done[0].not_judged == ()
    assert done[0].alerts == ()


def test_one_condition_that_cleared_ends_it() -> None:
    rules = pack(LOW, {"signal": "pending_workflows", "above": 0})
    begun = sample(0, health_score=0.6, pending_workflows=3.0)

    assert states(rules, begun, sample(60, pending_workflows=0.0)) == [FIRING, RESOLVED]


def test_grace_begins_anew_when_it_comes_back() -> None:
    rules = pack(LOW, grace_s=120)
    samples = [
        sample(60 * i, reachable=i != 3, health_score=None if i == 3 else 0.6 if i > 3 else 0.9)
        for i in range(8)
    ]

    assert states(rules, *samples) == [None] * 6 + [FIRING, FIRING]


def test_a_sample_seen_again_changes_nothing() -> None:
    rules = pack(LOW, for_s=60)
    first, second = sample(0, health_score=0.6), sample(60, health_score=0.6)
    done = played(rules, [first, second, second, first])

    assert done[1].alerts == done[2].alerts == done[3].alerts
    assert done[1].state == done[3].state


def test_the_drain_time_is_what_waits_over_the_rate_of_the_window() -> None:
    drain = {
        "kind": "drain_time",
        "waiting": "pending_workflows",
        "finished": "finished_workflows",
        "window_s": 600,
        "above_s": 600,
    }
    rules = pack(drain, message="{pending_workflows} {finished_workflows_in_window} {window_s}")
    samples = [
        sample(60 * i, pending_workflows=6.0, finished_workflows=0.5, interval_s=60.0)
        for i in range(10)
    ]
    done = played(rules, samples)

    # Half of the window must be covered: 5 of 60 s. 6 / (2.5 / 300 s) is 720 s.
    assert [bool(it.alerts) for it in done[:5]] == [False] * 4 + [True]
    assert done[4].alerts[0].value == 720
    assert done[4].alerts[0].message == "6.0 2.5 300.0"


def test_both_windows_must_burn() -> None:
    burn = {
        "kind": "burn_rate",
        "bad": "failed_workflows",
        "total": "finished_workflows",
        "budget_ratio": 0.1,
        "factor": 2,
        "long_s": 1800,
        "short_s": 300,
        "min_events": 30,
    }
    samples = [
        sample(60 * i, failed_workflows=5.0 if 6 <= i < 12 else 0.0, finished_workflows=10.0)
        for i in range(18)
    ]
    done = played(pack(burn), samples)
    firing = [i for i, it in enumerate(done) if it.alerts and it.alerts[0].state == FIRING]

    # Short: over 20 % from the third of the five on. Long: 5 n / (10 (6 + n)) > 0.2 from n = 5,
    # i = 10. It ends when the last five have at most two bad ones, i = 14.
    assert firing == [10, 11, 12, 13]


def test_the_oldest_part_of_a_window_is_forgotten() -> None:
    buckets = add(add((), 0, 300, 5.0, 1.0), 100, 300, 7.0, 1.0)

    assert window_sum(buckets, 299, 300) == (12.0, 2.0)
    assert window_sum(buckets, 300, 300) == (7.0, 1.0)
    assert window_sum(buckets, 500, 300) is None
    assert len(add(buckets, 10_000, 300, 1.0, 1.0)) == 1


def test_a_state_survives_json() -> None:
    rules = packaged("default")
    given_ = [
        sample(
            60 * i, health_score=0.1, finished_workflows=2.0, failed_workflows=1.0, interval_s=60.0
        )
        for i in range(15)
    ]
    state = played(rules, given_)[-1].state
    kept = TypeAdapter(SubjectState)

    assert kept.validate_json(kept.dump_json(state)) == state


VALUES = (
    st.none()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from(["critical", "healthy", ""])
)
SAMPLES = st.lists(
    st.tuples(
        st.floats(-1e6, 1e6) | st.integers(0, 20).map(lambda i: 60.0 * i),
        st.booleans(),
        st.dictionaries(st.sampled_from(sorted(SIGNALS)), VALUES),
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(SAMPLES, st.sampled_from([packaged(name) for name in PACKS]))
def test_anything_goes_through_a_pack(
    rows: list[tuple[float, bool, dict[str, float | str | None]]], rules: RulePack
) -> None:
    done = played(rules, [sample(at_s, up, **it) for at_s, up, it in rows])
    alerts: list[Alert] = [alert for it in done for alert in it.alerts]

    assert all((it.fired_at is None) == (it.state == PENDING) for it in alerts)
    assert all((it.resolved_at is None) == (it.state != RESOLVED) for it in alerts)
    assert all(it.fired_at is None or it.fired_at >= it.started_at for it in alerts)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1) | st.none(), min_size=1, max_size=30))
def test_it_fires_only_where_the_condition_held_at_every_sample_known(
    scores: list[float | None],
) -> None:
    samples = [sample(60 * i, health_score=score) for i, score in enumerate(scores)]
    for i, done in enumerate(played(pack(LOW, for_s=120), samples)):
        for alert in done.alerts:
            if alert.fired_at == done.state.last_at:
                since = int((alert.started_at - NOON).total_seconds()) // 60
                known = [score for score in scores[since : i + 1] if score is not None]
                assert len(known) >= 3
                assert max(known) < 0.7
