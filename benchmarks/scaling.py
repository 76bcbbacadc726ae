"""How scaling policies do on real load: shortage, cost beside the best possible, changes.

Each trace of DIR (helios_pools, nasa_requests, philly_nodes, datacenter_5min) that needs more than
four workers on average is replayed minute by minute, under delays of 1, 5 and 10 minutes from the
order of a worker to its first work. Judged are the last ten days, or what there is after the first
three. The default policy learns its hold and its spare anew each day, from the days before. Load
is known at the end of its minute. The need is the load at a utilization of 0.8.

Beside it: the specification's rule, told that load stays as it is (`spec`) or told the truth about
the load until a worker ordered now is ready (`spec_foresight`); the rule of the HPA; a KEDA-like
rule; the default policy as it is for a pool without a history (`default_untuned`). `by_class`:
smooth, seasonal and bursty, told by the past alone (`benchmarks.traces.predictability`).
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.replay import Conditions, judge
from analytics.replay_findings import PolicyReplay
from analytics.scaling.policies import (
    DefaultPolicy,
    HpaPolicy,
    KedaPolicy,
    ScalingPolicy,
    SpecPolicy,
)
from analytics.scaling.simulator import replay
from analytics.scaling.tuning import tuned_daily
from analytics.scaling.windows import leading_max, needed
from benchmarks.traces import MINUTE_S, predictability, worker_loads

DELAYS_MIN, CHIEF_DELAY_MIN = (1, 5, 10), 5
DAY = 1440
JUDGED_DAYS, LEARNT_DAYS, LEAST_DAYS = 10, 7, 3
LEAST_NEED = 4.0
FIGURES = (
    "under_provisioned",
    "saturated",
    "cost_to_oracle",
    "changes_per_day",
    "accuracy",
    "over_provisioned",
    "mean_wait_s",
)
OURS = "default"
BASELINES: dict[str, ScalingPolicy] = {
    "spec": SpecPolicy(),
    "spec_foresight": SpecPolicy(),
    "hpa": HpaPolicy(),
    "keda": KedaPolicy(),
    "default_untuned": DefaultPolicy(),
}


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--data", type=Path, required=True, help="folder of the traces")


@dataclass(frozen=True)
class _Trace:
    """Load in workers by minute, from a week before what is judged, which begins at `since`."""

    name: str
    loads: FloatArray
    since: int
    kind: str


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Means over the traces, of each policy under each delay."""
    traces = list(_traces(arguments.data))
    if not traces:
        raise SystemExit(f"{arguments.data} has no trace that needs more than four workers")
    found = {
        delay: {
            policy: [_replayed(trace, policy, delay) for trace in traces]
            for policy in (OURS, *BASELINES)
        }
        for delay in DELAYS_MIN
    }
    chief = found[CHIEF_DELAY_MIN]
    kinds = sorted({trace.kind for trace in traces})
    return {
        **_means(chief[OURS]),
        "by_delay": {
            str(delay): _means(policies[OURS])
            | {"baselines": {name: _means(policies[name]) for name in BASELINES}}
            for delay, policies in found.items()
        },
        "by_class": {
            kind: _means(_of_kind(traces, chief[OURS], kind))
            | {"traces": sum(trace.kind == kind for trace in traces)}
            for kind in kinds
        },
        "baselines": {name: _means(chief[name]) for name in BASELINES},
        "by_trace": {
            trace.name: _means([each]) for trace, each in zip(traces, chief[OURS], strict=True)
        },
        "traces": len(traces),
    }


def _traces(data: Path) -> Iterable[_Trace]:
    for name, loads in worker_loads(data):
        since = max(LEAST_DAYS * DAY, len(loads) - JUDGED_DAYS * DAY)
        enough = len(loads) >= since + DAY
        if not enough or needed(loads, Conditions().target_utilization).mean() <= LEAST_NEED:
            continue
        first = max(0, since - LEARNT_DAYS * DAY)
        before = loads[: since // 5 * 5].reshape(-1, 5).mean(axis=1)
        yield _Trace(name, loads[first:], since - first, predictability(before))


def _replayed(trace: _Trace, policy: str, delay_min: int) -> PolicyReplay:
    conditions = Conditions(step_s=MINUTE_S, delay_s=MINUTE_S * delay_min)
    policy_at = _always(BASELINES.get(policy, DefaultPolicy()))
    if policy == OURS:
        policy_at = tuned_daily(trace.loads, MINUTE_S, conditions.delay_s)
    told = {"spec": trace.loads, "spec_foresight": _peaks(trace.loads, conditions.delay_steps)}
    course = replay(trace.loads, policy_at, conditions, told.get(policy))
    return judge(trace.loads, course, conditions, policy, trace.since)


def _always(policy: ScalingPolicy) -> Callable[[int], ScalingPolicy]:
    return lambda _: policy


def _peaks(loads: FloatArray, delay_steps: int) -> FloatArray:
    """The most load of the steps until a worker ordered now is ready."""
    return leading_max(np.append(loads[1:], loads[-1]), delay_steps + 1)


def _of_kind(traces: list[_Trace], found: list[PolicyReplay], kind: str) -> list[PolicyReplay]:
    return [each for trace, each in zip(traces, found, strict=True) if trace.kind == kind]


def _means(found: list[PolicyReplay]) -> dict[str, float | None]:
    """Of each figure over the traces that have it."""
    means: dict[str, float | None] = {}
    for figure in FIGURES:
        known = [value for each in found if (value := getattr(each, figure)) is not None]
        means[figure] = round(float(np.mean(known)), 4) if known else None
    return means
