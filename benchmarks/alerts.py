"""What the packs of alert rules do on real worker pools, judged by harm that no rule can see.

Harm is a queue's wait beyond 30 minutes, as it turns out: a queue that was never empty in the
last 30 minutes and from which fewer items were finished in them than waited at their
beginning, so pending / completion rate was above 30 minutes. It is known 30 minutes later than
what rules look at. `instant_harm` beside it takes what waits now and the completion rate of the
last hour, for at least ten minutes. Harm with pauses of up to 30 minutes is one incident. What
an alert says is true where an incident is under way when it fires or begins within an hour;
an incident is alerted where an alert is open in it or fired in the hour before. The lead counts
up to that hour. Of the default pack the pages count, of the specification's, which knows no
routes, all alerts. Completions are what the number of jobs falls by from minute to minute.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

from analytics.alerting.evaluator import evaluate
from analytics.alerting.rules import RulePack, packaged
from analytics.alerting.signals import Sample
from analytics.alerting.state import SubjectState
from benchmarks.traces import Pool, pools
from contracts.alerts import AlertRoute

WAIT_MIN, RATE_MIN, LASTS_MIN = 30, 60, 10
HORIZON_MIN, PAUSE_MIN, DAY_MIN = 60, 30, 1440
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

BoolArray = npt.NDArray[np.bool_]
Spans = list[tuple[int, int]]


@dataclass
class Tally:
    """What came of all pools."""

    alerts: int = 0
    true: int = 0
    incidents: int = 0
    alerted: int = 0
    leads_min: tuple[int, ...] = ()

    def count(self, alerts: Spans, incidents: Spans) -> None:
        """Add a pool."""
        self.alerts += len(alerts)
        self.incidents += len(incidents)
        for fired, _ in alerts:
            self.true += any(a <= fired + HORIZON_MIN and fired < b for a, b in incidents)
        for a, b in incidents:
            open_ = [on for on, off in alerts if on < b and (off > a or on >= a - HORIZON_MIN)]
            self.alerted += bool(open_)
            if open_:
                self.leads_min += (min(HORIZON_MIN, a - min(open_)),)

    def figures(self, days: float) -> dict[str, float | None]:
        """The figures; null where there is nothing to count."""
        return {
            "false_positive_rate": _share(self.alerts - self.true, self.alerts),
            "incidents_alerted": _share(self.alerted, self.incidents),
            "alerts_per_pool_day": round(self.alerts / days, 4),
            "lead_time_min": float(np.median(self.leads_min)) if self.leads_min else None,
            "alerts": self.alerts,
            "incidents": self.incidents,
        }


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Both packs over every pool of helios_pools."""
    packs = {name: packaged(name) for name in ("default", "spec")}
    tallies = {(name, harm): Tally() for name in packs for harm in HARMS}
    days = 0.0
    for pool in pools(arguments.data):
        days += len(pool.pending_jobs) / DAY_MIN
        for name, pack in packs.items():
            alerts = _alerts(pack, pool)
            for harm, harmed in HARMS.items():
                tallies[name, harm].count(alerts, spans(harmed(pool), PAUSE_MIN))
    if not days:
        raise SystemExit(f"{arguments.data} has no helios_pools")
    figures: dict[str, Any] = tallies["default", "harm"].figures(days)
    figures["spec_pack"] = tallies["spec", "harm"].figures(days)
    figures["instant_harm"] = tallies["default", "instant_harm"].figures(days) | {
        "spec_pack": tallies["spec", "instant_harm"].figures(days)
    }
    return figures | {"pool_days": round(days, 2)}


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def harm(pool: Pool) -> BoolArray:
    """Minutes in which something has waited for longer than 30 minutes."""
    pending, minutes = pool.pending_jobs, len(pool.pending_jobs)
    waits = np.cumsum(np.concatenate([[0], pending > 0]))
    done = np.cumsum(np.concatenate([[0.0], completions(pool)]))
    found = np.zeros(minutes, dtype=np.bool_)
    now = np.arange(WAIT_MIN, minutes)
    never_empty = waits[now + 1] - waits[now - WAIT_MIN] == WAIT_MIN + 1
    worked_off = done[now + 1] - done[now - WAIT_MIN + 1]
    found[now] = never_empty & (pending[now - WAIT_MIN] > worked_off)
    return found


def instant_harm(pool: Pool) -> BoolArray:
    """Minutes of at least ten in a row in which pending / rate of the hour is above 30."""
    done = np.cumsum(np.concatenate([[0.0], completions(pool)]))
    now = np.arange(len(pool.pending_jobs))
    begin = np.maximum(0, now + 1 - RATE_MIN)
    rate = (done[now + 1] - done[begin]) / (now + 1 - begin)
    over: BoolArray = pool.pending_jobs > WAIT_MIN * rate
    for a, b in spans(over, 0):
        over[a:b] &= b - a >= LASTS_MIN
    return over


HARMS = {"harm": harm, "instant_harm": instant_harm}


def completions(pool: Pool) -> npt.NDArray[np.float64]:
    """Jobs that left in each minute, at the least: what arrived meanwhile hides as many."""
    fewer = np.maximum(0.0, -np.diff(pool.jobs))
    return np.concatenate([[0.0], fewer])


def spans(held: BoolArray, pause: int) -> Spans:
    """First minute and one past the last of each run; pauses up to `pause` are bridged."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
    found: Spans = []
    for a, b in edges.reshape(-1, 2).tolist():
        if found and a - found[-1][1] <= pause:
            found[-1] = (found[-1][0], b)
        else:
            found.append((a, b))
    return found


def _alerts(pack: RulePack, pool: Pool) -> Spans:
    """From when to when alerts of the pack that go to a person fired."""
    fired: dict[UUID, tuple[int, int]] = {}
    state = SubjectState()
    for minute, sample in enumerate(_samples(pool)):
        done = evaluate(pack, state, sample)
        state = done.state
        for alert in done.alerts:
            if alert.fired_at is not None and alert.route == AlertRoute.PAGE:
                on = fired.get(alert.id, (minute, minute))[0]
                fired[alert.id] = (on, minute + 1)
    return list(fired.values())


def _samples(pool: Pool) -> Iterator[Sample]:
    """What an agent would tell of the pool every minute; its health nobody knows."""
    subject = UUID(int=1)
    done = completions(pool).tolist()
    for minute, slots in enumerate(pool.slots.tolist()):
        yield Sample(
            at=BEGIN + timedelta(minutes=minute),
            orchestrator_id=subject,
            subject_id=subject,
            signals={
                "capacity_utilization_ratio": pool.used_slots[minute] / slots if slots else None,
                "pending_workflows": float(pool.pending_jobs[minute]),
                "backlog_items": float(pool.pending_jobs[minute]),
                "finished_workflows": done[minute],
                "interval_s": 60.0,
            },
        )
