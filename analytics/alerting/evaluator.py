"""One sample through a pack: state in, state and alerts out. No clock but the sample's own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from analytics.alerting.conditions import Judgement, judge, windows_after
from analytics.alerting.rules import Rule, RulePack
from analytics.alerting.signals import Sample
from analytics.alerting.state import SubjectState, Told, Track, Windows
from contracts.alerts import Alert, AlertSeverity, AlertState
from contracts.identity import sample_id

__all__ = ["MAX_GAP_S", "Evaluation", "evaluate"]

MAX_GAP_S = 300.0
"""A longer time between two samples was not seen: it counts for no `for` and no clearing."""


@dataclass(frozen=True)
class Evaluation:
    """What came of a sample. `alerts`: those that hold, and those that ended with it."""

    state: SubjectState
    alerts: tuple[Alert, ...]
    not_judged: tuple[str, ...]
    """Rules of which not enough is known."""


@dataclass(frozen=True)
class Verdict:
    """All conditions of a rule together, in three values (Kleene 1952)."""

    holds: bool | None
    clears: bool | None
    judgements: tuple[Judgement, ...]


def evaluate(pack: RulePack, state: SubjectState, sample: Sample) -> Evaluation:
    """Judge every rule at the sample.

    `state` is what the last evaluation of the same subject gave; a new subject's is
    `SubjectState()`. A sample that is not newer than the last changes nothing. The same state
    and sample give the same result, ids of alerts too.
    """
    rules = [rule for it in pack.rules if (rule := it.of(sample.orchestrator_type)) is not None]
    if state.last_at is not None and sample.at <= state.last_at:
        return Evaluation(state, _alerts(rules, state.tracks, sample), ())
    windows = windows_after(rules, sample, state.windows)
    up_since = (state.up_since or sample.at) if sample.reachable else None
    tracks: dict[str, Track] = {}
    ended: dict[str, Track] = {}
    not_judged: list[str] = []
    for rule in rules:
        verdict = _verdict(rule, sample, windows)
        if verdict.holds is None:
            not_judged.append(rule.name)
        before = state.tracks.get(rule.name)
        if before is None and _in_grace(rule, up_since, sample.at):
            continue
        after = _step(rule, before, verdict, sample)
        if after is not None and _resolved(rule, after):
            ended[rule.name] = after
        elif after is not None:
            tracks[rule.name] = after
    return Evaluation(
        SubjectState(sample.at, up_since, tracks, windows),
        _alerts(rules, tracks | ended, sample),
        tuple(not_judged),
    )


def _verdict(rule: Rule, sample: Sample, windows: Windows) -> Verdict:
    found = tuple(judge(condition, sample, windows) for condition in rule.when)
    holds = {it.holds for it in found}
    clears = {it.clears for it in found}
    return Verdict(
        False if False in holds else None if None in holds else True,
        True if True in clears else None if None in clears else False,
        found,
    )


def _in_grace(rule: Rule, up_since: datetime | None, at: datetime) -> bool:
    if not rule.grace_s:
        return False
    return up_since is None or at - up_since < timedelta(seconds=rule.grace_s)


def _step(rule: Rule, before: Track | None, verdict: Verdict, sample: Sample) -> Track | None:
    """The alert after the sample; null: there is none."""
    if before is None or (before.fired_at is None and _lost(rule, before, sample.at)):
        return _fired(rule, _begun(rule, verdict, sample)) if verdict.holds else None
    seen_s = _seen_s(before, sample.at)
    if before.fired_at is None:
        if verdict.holds is False:
            return None
        if verdict.holds is None:
            return replace(before, seen_at=sample.at, seen=False) if before.seen else before
        held = replace(before, held_s=before.held_s + seen_s, told=_told(rule, verdict, sample))
        return _fired(rule, replace(held, seen_at=sample.at, seen=True))
    if verdict.clears is None and not verdict.holds:
        return replace(before, seen_at=sample.at, seen=False)
    told = _told(rule, verdict, sample) if verdict.holds else before.told
    clear_s = (
        (before.clear_s + seen_s if before.clear_s is not None else 0.0) if verdict.clears else None
    )
    return replace(before, seen_at=sample.at, seen=True, told=told, clear_s=clear_s)


def _lost(rule: Rule, track: Track, at: datetime) -> bool:
    """Has a condition that had not fired been out of sight for longer than it must hold?"""
    return (at - track.seen_at).total_seconds() > max(rule.for_s, MAX_GAP_S)


def _seen_s(track: Track, at: datetime) -> float:
    """Seconds since the last sample, where both were judged and lie close enough."""
    gap_s = (at - track.seen_at).total_seconds()
    return gap_s if track.seen and gap_s <= MAX_GAP_S else 0.0


def _begun(rule: Rule, verdict: Verdict, sample: Sample) -> Track:
    part = f"{rule.name}/{sample.subject_id}"
    return Track(
        id=sample_id(sample.orchestrator_id, "alert", sample.at, part),
        started_at=sample.at,
        seen_at=sample.at,
        told=_told(rule, verdict, sample),
    )


def _fired(rule: Rule, track: Track) -> Track:
    return replace(track, fired_at=track.seen_at) if track.held_s >= rule.for_s else track


def _resolved(rule: Rule, track: Track) -> bool:
    return track.clear_s is not None and track.clear_s >= rule.clear_for_s


def _told(rule: Rule, verdict: Verdict, sample: Sample) -> Told:
    evidence: dict[str, float | str | None] = {}
    for judgement in verdict.judgements:
        evidence |= judgement.evidence
    first = verdict.judgements[0]
    worse = rule.escalate is not None and judge(rule.escalate, sample, {}).holds
    return Told(
        message=rule.message.format(**evidence),
        severity=AlertSeverity.CRITICAL if worse else rule.severity,
        value=first.value,
        threshold=first.threshold,
        evidence=evidence,
    )


def _alerts(
    rules: Iterable[Rule], tracks: Mapping[str, Track], sample: Sample
) -> tuple[Alert, ...]:
    return tuple(_alert(rule, tracks[rule.name], sample) for rule in rules if rule.name in tracks)


def _alert(rule: Rule, track: Track, sample: Sample) -> Alert:
    ended = _resolved(rule, track)
    state = AlertState.FIRING if track.fired_at else AlertState.PENDING
    return Alert(
        id=track.id,
        rule=rule.name,
        orchestrator_id=sample.orchestrator_id,
        subject_id=sample.subject_id,
        severity=track.told.severity,
        route=rule.route,
        state=AlertState.RESOLVED if ended else state,
        message=track.told.message,
        value=track.told.value,
        threshold=track.told.threshold,
        evidence=dict(track.told.evidence),
        started_at=track.started_at,
        fired_at=track.fired_at,
        resolved_at=track.seen_at if ended else None,
    )
