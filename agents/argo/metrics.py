"""The controller's own metrics: which are read, and the names they had in older versions.

3.6 named most of them anew. A controller may be told to leave out any of them, so each value is
missing by itself.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agents.exposition import Vocabulary
from agents.increases import Increase, MetricsScrape
from agents.missing import Missing, over

__all__ = [
    "CONTROLLER",
    "Workqueue",
    "cron_policies",
    "cron_triggered",
    "errors_by_cause",
    "gauge_of",
    "generation",
    "operation_ms",
    "operations_failed",
    "running_workflows",
    "uptime_s",
    "version_of",
    "workqueues",
]

PREFIX = "argo_workflows_"
STARTED = "process_start_time_seconds"
PHASE = ("phase", "status")
"""Labels of a workflow's phase: 3.6 and before have the latter."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "workflows": ("gauge", "count"),
    "pods": ("pods_gauge", "pods_count"),
    "leader": ("is_leader",),
    "version": ("version",),
    "depth": ("queue_depth_gauge", "queue_depth_count"),
    "busy": ("workers_busy_count",),
    "adds": ("queue_adds_count",),
    "errors": ("error_count",),
    "cron": ("cronworkflows_triggered",),
    "policy": ("cronworkflows_concurrencypolicy_triggered",),
    "latency": ("queue_latency",),
    "duration": ("queue_duration",),
    "operation": ("operation_duration_seconds",),
}
"""What it is -> its names without the prefix, the newest first."""

VERSION = f"{PREFIX}{ALIASES['version'][0]}"
OPERATION = f"{PREFIX}operation_duration"
COUNTERS, TIMERS = ("adds", "errors", "cron", "policy"), ("latency", "duration", "operation")


def _names(kinds: Sequence[str]) -> tuple[str, ...]:
    return tuple(PREFIX + name for kind in kinds for name in ALIASES[kind])


CONTROLLER = Vocabulary(
    whose="an Argo workflow controller",
    counters=_names(COUNTERS),
    gauges=(*_names([kind for kind in ALIASES if kind not in (*COUNTERS, *TIMERS)]), STARTED),
    summarized=tuple(name.removesuffix("_seconds") for name in _names(TIMERS)),
    histograms=(),
    mark=None,
)


@dataclass(frozen=True)
class Workqueue:
    """One of the queues in which the controller keeps what it has to look at."""

    name: str
    depth: int | Missing
    busy: int | Missing
    adds: float | Missing
    done: float | Missing
    wait_ms: float | Missing
    work_ms: float | Missing


def generation(metrics: MetricsScrape) -> str:
    """Which names the controller uses, for people."""
    known = {name for each in metrics.endpoints.values() for name in each.values}
    if known & {f"{PREFIX}gauge", f"{PREFIX}is_leader", f"{PREFIX}queue_depth_gauge"}:
        return "3.6 and later"
    return "3.5 and before" if f"{PREFIX}count" in known else "unknown"


def gauge_of(
    metrics: MetricsScrape | Missing, kind: str, labels: Mapping[str, str] | None = None
) -> float | Missing:
    """The sum of a gauge's series that have these labels."""

    def told(scrape: MetricsScrape) -> float | Missing:
        for name in ALIASES[kind]:
            found = [
                value
                for has, value in scrape.series(PREFIX + name)
                if (labels or {}).items() <= has.items()
            ]
            if found:
                return sum(found)
        return Missing(f"the controller does not export {PREFIX}{ALIASES[kind][0]}")

    return over(told, metrics)


def running_workflows(metrics: MetricsScrape | Missing) -> float | Missing:
    """Workflows in the phase Running, as the controller counts them."""

    def told(scrape: MetricsScrape) -> float | Missing:
        for name in ALIASES["workflows"]:
            for has, value in scrape.series(PREFIX + name):
                if "Running" in (has.get(label) for label in PHASE):
                    return value
        return Missing(f"the controller does not export {PREFIX}{ALIASES['workflows'][0]}")

    return over(told, metrics)


def version_of(metrics: MetricsScrape | Missing) -> str | Missing:
    """The controller's version, which 3.6 and later tell."""

    def told(scrape: MetricsScrape) -> str | Missing:
        found = [has["version"] for has, _ in scrape.series(VERSION) if has.get("version")]
        return found[0] if found else Missing("the controller does not export its version")

    return over(told, metrics)


def uptime_s(metrics: MetricsScrape | Missing, at: datetime) -> float | Missing:
    """Seconds for which the controller has run."""
    begun = over(lambda scrape: scrape.process_sum_of(STARTED), metrics)
    return over(lambda since_s: max(0.0, at.timestamp() - since_s), begun)


def workqueues(
    metrics: MetricsScrape | Missing, gained: Increase | Missing
) -> Sequence[Workqueue] | Missing:
    """All queues that the controller tells of, by name."""

    def told(scrape: MetricsScrape) -> Sequence[Workqueue]:
        names = {
            has["queue_name"]
            for name in ALIASES["depth"]
            for has, _ in scrape.series(PREFIX + name)
            if "queue_name" in has
        }
        return [_workqueue(name, scrape, gained) for name in sorted(names)]

    return over(told, metrics)


def operation_ms(gained: Increase | Missing) -> float | Missing:
    """Mean time that the controller took to look at one workflow, in the interval."""
    return over(lambda each: each.mean_ms(OPERATION, _any), gained)


def operations_failed(gained: Increase | Missing) -> float | Missing:
    """Panics and refused cron workflows of all that it looked at."""

    def told(each: Increase) -> float | Missing:
        looked = each.count(f"{OPERATION}_count", _any)
        failed = each.count(f"{PREFIX}error_count", _any)
        return min(1.0, failed / looked) if looked else Missing("it looked at no workflow")

    return over(told, gained)


def cron_triggered(gained: Increase | Missing) -> int | Missing:
    """Workflows that cron workflows made in the interval."""
    return over(lambda each: round(each.count(f"{PREFIX}{ALIASES['cron'][0]}", _any)), gained)


def cron_policies(gained: Increase | Missing) -> Mapping[str, int] | Missing:
    """Times in the interval that a workflow of one was still there when the next was due, by
    what was done about it: Allow, Forbid (the next is left out) or Replace."""
    return _gains_by(gained, "policy", "concurrency_policy")


def errors_by_cause(gained: Increase | Missing) -> Mapping[str, int] | Missing:
    """Panics and refused cron workflows in the interval."""
    return _gains_by(gained, "errors", "cause")


def _gains_by(gained: Increase | Missing, kind: str, label: str) -> Mapping[str, int] | Missing:
    """What a counter gained, by one of its labels; what gained nothing is left out."""

    def told(each: Increase) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for labels, gain in each.gains.get(f"{PREFIX}{ALIASES[kind][0]}", {}).items():
            found[dict(labels).get(label, "")] += round(gain)
        return {name: count for name, count in sorted(found.items()) if count}

    return over(told, gained)


def _any(_: Mapping[str, str]) -> bool:
    return True


def _workqueue(name: str, metrics: MetricsScrape, gained: Increase | Missing) -> Workqueue:
    return Workqueue(
        name=name,
        depth=over(int, gauge_of(metrics, "depth", {"queue_name": name})),
        busy=over(int, gauge_of(metrics, "busy", {"worker_type": name})),
        adds=_gain(gained, "adds", name),
        done=_gain(gained, "duration", name, "_count"),
        wait_ms=_mean_ms(gained, "latency", name),
        work_ms=_mean_ms(gained, "duration", name),
    )


def _gain(gained: Increase | Missing, kind: str, queue: str, part: str = "") -> float | Missing:
    """What a counter of one queue gained."""
    name = f"{PREFIX}{ALIASES[kind][0]}{part}"
    return over(
        lambda each: (
            each.count(name, lambda has: has.get("queue_name") == queue)
            if each.exports(name)
            else Missing(f"the controller does not export {name}")
        ),
        gained,
    )


def _mean_ms(gained: Increase | Missing, kind: str, queue: str) -> float | Missing:
    timer = PREFIX + ALIASES[kind][0]
    return over(
        lambda each: each.mean_ms(timer, lambda has: has.get("queue_name") == queue), gained
    )
