"""What the parts of the control plane count themselves, by their `/metrics`.

Behind one address there may be several processes. What one of them gained is counted from the
last time that the same one answered: it is known by when it started.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from agents.components import Traffic
from agents.exposition import Exposition, Vocabulary
from agents.http_api import HttpApi
from agents.increases import Increase, MetricsScrape, Where, increase
from agents.missing import Missing, over, total
from contracts.orchestrator import LatencyHistogram

__all__ = ["APISERVER", "CONTROLLERS", "SCHEDULER", "ControlPlane", "Reader", "Vitals"]

STARTED = "process_start_time_seconds"
PROCESS = ("process_resident_memory_bytes", "go_goroutines", STARTED)
CPU = "process_cpu_seconds"
LEADS = "leader_election_master_status"
SIZES = (
    "apiserver_storage_size_bytes",
    "apiserver_storage_db_total_size_in_bytes",
    "etcd_db_total_size_in_bytes",
)
OBJECTS = ("apiserver_resource_objects", "apiserver_storage_objects", "etcd_object_counts")
"""Names that changed from version to version, the newest first."""

REMEMBERED = 8
"""Processes behind one address whose last counts are kept."""

APISERVER = Vocabulary(
    whose="a Kubernetes API server",
    counters=(CPU, "apiserver_request", "etcd_requests", "etcd_request_errors"),
    gauges=(
        *PROCESS,
        "apiserver_current_inflight_requests",
        *SIZES,
        *OBJECTS,
    ),
    summarized=("apiserver_request_duration", "etcd_request_duration"),
    histograms=(),
    mark=STARTED,
)
SCHEDULER = Vocabulary(
    whose="a Kubernetes scheduler",
    counters=(CPU, "scheduler_schedule_attempts", "scheduler_preemption_victims_sum"),
    gauges=(*PROCESS, LEADS, "scheduler_pending_pods", "scheduler_unschedulable_pods"),
    summarized=("scheduler_scheduling_attempt_duration", "scheduler_e2e_scheduling_duration"),
    histograms=("scheduler_pod_scheduling_sli_duration", "scheduler_pod_scheduling_duration"),
    mark=STARTED,
)
CONTROLLERS = Vocabulary(
    whose="a Kubernetes controller manager",
    counters=(CPU, "workqueue_adds", "workqueue_retries"),
    gauges=(*PROCESS, LEADS, "workqueue_depth"),
    summarized=("workqueue_queue_duration", "workqueue_work_duration"),
    histograms=(),
    mark=STARTED,
)
LONG = frozenset({"WATCH", "WATCHLIST", "CONNECT", "PROXY"})
"""Requests that last as long as the client likes."""


@dataclass(frozen=True)
class Vitals:
    """What the processes of one component show, and what they did since the reading before."""

    shown: MetricsScrape
    did: Increase | Missing


@dataclass
class Reader:
    """Reads the metrics of one component, at most every `interval_s`."""

    name: str
    vocabulary: Vocabulary
    addresses: Sequence[str]
    interval_s: float
    clock_s: Callable[[], float]
    _next_s: float = float("-inf")
    _last: Vitals | None = None
    _before: dict[tuple[float, ...], MetricsScrape] = field(default_factory=dict)

    async def read(self, api: HttpApi) -> Vitals | Missing:
        """What was read last; anew when it is time, and after a failure."""
        if self._last is not None and self.clock_s() < self._next_s:
            return self._last
        self._last = None
        endpoints: dict[str, Exposition] = {}
        for address, number in zip(self.addresses, count(1), strict=False):
            call = self.name if number == 1 else f"{self.name} {number}"
            found = await api.exposition(call, address, self.vocabulary)
            if isinstance(found, Missing):
                return found
            endpoints[address] = found
        self._next_s = self.clock_s() + self.interval_s
        self._last = self._compared(MetricsScrape(self.clock_s(), endpoints))
        return self._last

    def _compared(self, shown: MetricsScrape) -> Vitals:
        processes = tuple(value for _, value in shown.series(STARTED))
        before = self._before.pop(processes, None)
        did = increase(before, shown)
        if before is None and self._before:
            did = Missing("another process answered: what it does is counted from now on")
        self._before[processes] = shown
        for oldest in list(self._before)[:-REMEMBERED]:
            del self._before[oldest]
        return Vitals(shown, did)


@dataclass(frozen=True)
class ControlPlane:
    """The three parts, each as far as it is read."""

    apiserver: Vitals | Missing
    scheduler: Vitals | Missing
    controllers: Vitals | Missing

    @property
    def requests(self) -> Traffic:
        """Of the API server. The clients' own mistakes (4xx) are no errors of it."""
        return self._traffic(
            self.apiserver,
            ("apiserver_request", _short),
            ("apiserver_request", lambda labels: _short(labels) and _code("5")(labels)),
            ("apiserver_request_duration", _short),
        )

    @property
    def storage(self) -> Traffic:
        """Of etcd, as the API server sees it."""
        return self._traffic(
            self.apiserver,
            ("etcd_requests", _any),
            ("etcd_request_errors", _any),
            ("etcd_request_duration", _any),
        )

    @property
    def attempts(self) -> Traffic:
        """Of the scheduler to find a node. That there is none is no error of it."""
        return self._traffic(
            self.scheduler,
            ("scheduler_schedule_attempts", _any),
            ("scheduler_schedule_attempts", lambda labels: labels.get("result") == "error"),
            ("scheduler_scheduling_attempt_duration", _any),
            ("scheduler_e2e_scheduling_duration", _any),
        )

    @property
    def sli(self) -> LatencyHistogram | Missing:
        """By the scheduler's own clock, from a pod that could be placed until it was."""

        def measured(did: Increase) -> LatencyHistogram | Missing:
            new, old = SCHEDULER.histograms
            return did.histogram(new if did.exports(f"{new}_count") else old, _any)

        return over(measured, _did(self.scheduler))

    @property
    def reconciling(self) -> Traffic:
        """Of the controllers: pieces of work, and those that were tried again."""
        return self._traffic(
            self.controllers,
            ("workqueue_adds", _any),
            ("workqueue_retries", _any),
            ("workqueue_work_duration", _any),
        )

    @property
    def in_flight(self) -> int | Missing:
        return over(round, _shown(self.apiserver, "apiserver_current_inflight_requests"))

    @property
    def store_bytes(self) -> float | Missing:
        """Its largest copy, where several are told."""

        def largest(vitals: Vitals) -> float | Missing:
            found = [value for name in SIZES for _, value in vitals.shown.series(name)]
            return max(found) if found else Missing(f"the API server does not export {SIZES[0]}")

        return over(largest, self.apiserver)

    @property
    def objects(self) -> int | Missing:
        """Of all kinds in etcd. The server counts once a minute: until then all kinds say 0."""

        def told(vitals: Vitals) -> int | Missing:
            for name in OBJECTS:
                found = [value for _, value in vitals.shown.series(name)]
                counted = sum(value for value in found if value > 0)  # -1: it could not
                if found:
                    return round(counted) or Missing("the API server has not counted them yet")
            return Missing(f"the API server does not export {OBJECTS[0]}")

        return over(told, self.apiserver)

    @property
    def pending(self) -> Mapping[str, int] | Missing:
        """The scheduler's own queues: active, backoff, unschedulable, gated."""
        return over(lambda vitals: _by(vitals, "scheduler_pending_pods", "queue"), self.scheduler)

    @property
    def rejecting(self) -> Mapping[str, int] | Missing:
        """Pods that wait, by the plugin of the scheduler that found no node for them."""
        return over(
            lambda vitals: {
                name: count
                for name, count in _by(vitals, "scheduler_unschedulable_pods", "plugin").items()
                if count
            },
            self.scheduler,
        )

    @property
    def rates(self) -> Mapping[str, float | Missing]:
        """A second: they are read less often than records are made, so counts would repeat."""

        def rate(vitals: Vitals | Missing, counter: str, where: Where) -> float | Missing:
            return over(lambda did: did.count(counter, where) / did.seconds, _did(vitals, counter))

        return {
            "conflictsPerS": rate(self.apiserver, "apiserver_request", _code("409")),
            "throttledPerS": rate(self.apiserver, "apiserver_request", _code("429")),
            "preemptedPerS": rate(self.scheduler, "scheduler_preemption_victims_sum", _any),
            "controllerRetriesPerS": rate(self.controllers, "workqueue_retries", _any),
        }

    def leaders(self, name: str) -> int | Missing:
        """Processes of a component that say that they lead."""
        vitals = self.scheduler if name == "kube-scheduler" else self.controllers
        return over(
            lambda found: round(
                sum(value for labels, value in found.shown.series(LEADS) if labels["name"] == name)
            ),
            vitals,
        )

    @property
    def read(self) -> dict[str, Vitals]:
        parts = {
            "apiserver": self.apiserver,
            "scheduler": self.scheduler,
            "controllers": self.controllers,
        }
        return {name: each for name, each in parts.items() if not isinstance(each, Missing)}

    @property
    def cpu_cores(self) -> float | Missing:
        """Of the processes that are read."""
        if isinstance(self.apiserver, Missing):
            return self.apiserver
        return total(
            over(lambda did: did.count(CPU, _any) / did.seconds, each.did)
            for each in self.read.values()
        )

    def process_sum(self, gauge: str) -> float | Missing:
        """A gauge of the processes that are read."""
        if isinstance(self.apiserver, Missing):
            return self.apiserver
        return total(each.shown.sum_of(gauge) for each in self.read.values())

    @property
    def started_s(self) -> float | Missing:
        """When the API server that answered began, in seconds since 1970."""
        return _shown(self.apiserver, STARTED)

    @staticmethod
    def _traffic(vitals: Vitals | Missing, *series: tuple[str, Where]) -> Traffic:
        """Requests and errors of counters; the latency of the first timer that is exported."""
        (counter, all_), (errors, bad), *timers = series
        did = _did(vitals, counter)
        requests = over(lambda each: each.count(counter, all_), did)
        failed = over(lambda each: each.count(errors, bad), did)
        seconds = over(lambda each: each.seconds, did)
        return Traffic(over(lambda each: _mean(each, timers), did), requests, failed, seconds)


def _short(labels: Mapping[str, str]) -> bool:
    return labels.get("verb") not in LONG


def _code(begin: str) -> Where:
    return lambda labels: labels.get("code", "").startswith(begin)


def _any(_: Mapping[str, str]) -> bool:
    return True


def _did(vitals: Vitals | Missing, counter: str = "") -> Increase | Missing:
    """What was counted; nothing where `counter` is not exported (yet)."""
    did = over(lambda each: each.did, vitals)
    if isinstance(did, Missing) or not counter or did.exports(counter):
        return did
    return Missing(f"{counter} has not been counted yet")


def _shown(vitals: Vitals | Missing, gauge: str) -> float | Missing:
    return over(lambda each: each.shown.sum_of(gauge), vitals)


def _mean(did: Increase, timers: Sequence[tuple[str, Where]]) -> float | Missing:
    timer, where = next((each for each in timers if did.exports(f"{each[0]}_count")), timers[0])
    return did.mean_ms(timer, where)


def _by(vitals: Vitals, gauge: str, label: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for labels, value in vitals.shown.series(gauge):
        name = labels.get(label, "")
        found[name] = found.get(name, 0) + round(value)
    return dict(sorted(found.items()))
