"""What the server counted of one namespace between two scrapes, by its own metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from agents.increases import Increase, Where
from agents.missing import Missing, over, share
from agents.temporal.metrics import sanitized
from analytics.histogram import count, mean, merge, percentile
from contracts.orchestrator import LatencyHistogram

__all__ = ["Events"]

WAITED = "task_schedule_to_start_latency"
WAITED_BY_WORKERS = (
    "temporal_activity_schedule_to_start_latency",
    "temporal_workflow_task_schedule_to_start_latency",
)
STICKY = "__sticky__"
SYSTEM_LABEL = "temporal_sys_"
NOTHING_STARTED = "no task was started in the interval"


@dataclass(frozen=True)
class Events:
    """Everything is missing while `gains` is.

    A counter of which no series exists counts 0 where the server is known to make the series
    at the first event; where some versions have no such counter at all, it is missing.
    """

    gains: Increase | Missing
    namespace: str
    sdk_gains: Increase | Missing

    def ours(self, labels: Mapping[str, str]) -> bool:
        """Whether a series is about the namespace. Namespaces are sanitized in labels."""
        return labels.get("namespace") == sanitized(self.namespace)

    def user_queue(self, labels: Mapping[str, str]) -> bool:
        """Whether a series is about a queue of users, and not about a worker's sticky one."""
        return (
            self.ours(labels)
            and labels.get("partition") != STICKY
            and not labels.get("taskqueue", "").startswith(SYSTEM_LABEL)
        )

    @cached_property
    def waits(self) -> LatencyHistogram | Missing:
        """Time from scheduled to started of the tasks started in the interval.

        As the server measured it, else as the workers did.
        """
        if self.by_workers:
            return over(self._waits_by_workers, self.sdk_gains)
        return over(lambda gains: gains.histogram(WAITED, self.user_queue), self.gains)

    @property
    def by_workers(self) -> bool:
        """Whether the workers' measurements stand in for the server's, which are not there."""
        return isinstance(self.gains, Missing) and not isinstance(self.sdk_gains, Missing)

    def _waits_by_workers(self, gains: Increase) -> LatencyHistogram | Missing:
        found = [gains.histogram(timer, self._of_namespace) for timer in WAITED_BY_WORKERS]
        known = [each for each in found if not isinstance(each, Missing)]
        try:
            merged = merge(known)
        except ValueError as error:
            return Missing(f"the workers' buckets do not fit together: {error}")
        return merged or Missing("the workers measured no wait yet")

    def _of_namespace(self, labels: Mapping[str, str]) -> bool:
        return labels.get("namespace") == self.namespace  # not sanitized by the SDK

    @cached_property
    def mean_wait_ms(self) -> float | Missing:
        return over(_mean_ms, self.waits)

    def wait_percentile_ms(self, quantile: float) -> float | Missing:
        """Linear interpolation inside the bucket."""
        return over(lambda waits: _percentile_ms(waits, quantile), self.waits)

    @cached_property
    def scheduling_failures(self) -> int | Missing:
        """Tasks that timed out before they started, or that matching refused to take."""

        def refused(labels: Mapping[str, str]) -> bool:
            operation = labels.get("operation", "")
            adds = operation.startswith("Add") and operation.endswith("Task")
            return self.ours(labels) and adds

        def failures(gains: Increase) -> int:
            expired = gains.count("schedule_to_start_timeout", self.ours)
            return round(expired + gains.count("service_errors_resource_exhausted", refused))

        return over(failures, self.gains)

    @cached_property
    def throttled(self) -> int | Missing:
        """Requests of the namespace that were refused for lack of capacity or quota."""
        return over(
            lambda gains: round(gains.count("service_errors_resource_exhausted", self.ours)),
            self.gains,
        )

    @cached_property
    def retried_attempts(self) -> int | Missing:
        """Activity attempts that failed and were followed by another."""
        return over(self._retried, self.gains)

    @cached_property
    def workflow_duration_ms(self) -> float | Missing:
        """Mean time from start to close of the workflows that closed."""
        return over(
            lambda gains: gains.mean_ms("workflow_schedule_to_close_latency", self.ours),
            self.gains,
        )

    @cached_property
    def dead_letters(self) -> int | Missing:
        """Tasks of the server's own queues that it gave up and put aside."""
        return over(_dead_letters, self.gains)

    @cached_property
    def cache_hit_ratio(self) -> float | Missing:
        """Of history's cache of workflow states, all namespaces."""
        return over(_cache_hit_ratio, self.gains)

    def activity_error_rate(self, queue: Where) -> float | Missing:
        """Failed attempts of all that ended."""
        return over(lambda gains: _activity_error_rate(gains, queue), self.gains)

    def activity_ms(self, queue: Where) -> float | Missing:
        """Mean time from started to ended of the attempts that did not fail.

        Server 1.29 takes a failed attempt that is tried again for one that began in 1970.
        """

        def succeeded(labels: Mapping[str, str]) -> bool:
            return queue(labels) and labels.get("operation") != "RespondActivityTaskFailed"

        return over(
            lambda gains: gains.mean_ms("activity_start_to_close_latency", succeeded), self.gains
        )

    def _retried(self, gains: Increase) -> int | Missing:
        if not gains.exports("activity_task_fail"):
            return NO_ATTEMPTS_COUNTED
        failed = gains.count("activity_task_fail", self.ours)
        return max(0, round(failed - gains.count("activity_fail", self.ours)))


NO_ATTEMPTS_COUNTED = Missing("the server has not counted a failed activity attempt yet")


def _mean_ms(waits: LatencyHistogram) -> float | Missing:
    found = mean(waits)
    return Missing(NOTHING_STARTED) if found is None else found


def _percentile_ms(waits: LatencyHistogram, quantile: float) -> float | Missing:
    if not count(waits):
        return Missing(NOTHING_STARTED)
    found = percentile(waits, quantile)
    if found is not None:
        return found
    largest_s = waits.bounds_ms[-1] / 1000 if waits.bounds_ms else 0.0
    return Missing(f"it lies above the largest bucket of {largest_s:g} s")


def _dead_letters(gains: Increase) -> int | Missing:
    if not gains.exports("task_dlq_failures"):
        return Missing("the server does not export task_dlq_failures")
    return round(gains.count("task_dlq_failures", lambda _: True))


def _cache_hit_ratio(gains: Increase) -> float | Missing:
    def states(labels: Mapping[str, str]) -> bool:
        return labels.get("cache_type") == "mutablestate"

    requests = gains.count("cache_requests", states)
    hits = requests - gains.count("cache_miss", states)
    return share(max(0.0, hits), requests, "the cache was not asked in the interval")


def _activity_error_rate(gains: Increase, queue: Where) -> float | Missing:
    if not gains.exports("activity_task_fail"):
        return NO_ATTEMPTS_COUNTED
    failed = gains.count("activity_task_fail", queue)
    ended = failed + gains.count("activity_success", queue)
    return share(failed, ended, "no activity attempt ended in the interval")
