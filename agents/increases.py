"""What the server's counters gained between two scrapes.

Counters only grow while a process lives. When one shrank, the process behind the endpoint is
a new one: what the old one counted last is lost, so that interval has no increase at all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from agents.exposition import Exposition, Labels
from agents.missing import Missing
from analytics.histogram import merge
from contracts.orchestrator import LatencyHistogram

__all__ = ["Increase", "MetricsScrape", "Where", "increase", "resets"]

Where = Callable[[Mapping[str, str]], bool]
"""Picks series by their labels."""

UNLIMITED = float("inf")

NO_UNIT = Missing("the unit of the server's latency metrics could not be recognized")


@dataclass(frozen=True)
class MetricsScrape:
    """All endpoints at one moment. `at_s` is monotonic; one silent endpoint spoils the sums."""

    at_s: float
    endpoints: Mapping[str, Exposition]

    def sum_of(self, gauge: str) -> float | Missing:
        """A gauge summed over all series, for things of which every service has its own."""
        return self._reduced(gauge, sum)

    def counted(self, counter: str) -> float:
        """Events counted so far by all endpoints; 0 for a counter that has not appeared yet."""
        return sum(value for _, value in self.series(counter))

    def process_sum_of(self, gauge: str) -> float | Missing:
        """A gauge of the process: its largest series of each endpoint, summed over endpoints.

        Where one process plays several services, each of them repeats the same number.
        """
        return self._reduced(gauge, max)

    def series(self, gauge: str) -> Iterator[tuple[Mapping[str, str], float]]:
        """Every series of a gauge or counter with its labels."""
        for endpoint in self.endpoints.values():
            for labels, value in endpoint.values.get(gauge, {}).items():
                yield dict(labels), value

    def _reduced(self, gauge: str, reduce: Callable[[list[float]], float]) -> float | Missing:
        found = [list(each.values[gauge].values()) for each in self._with(gauge)]
        if not found:
            return Missing(f"the server does not export {gauge}")
        return sum(reduce(values) for values in found)

    def _with(self, name: str) -> list[Exposition]:
        return [each for each in self.endpoints.values() if each.values.get(name)]


@dataclass(frozen=True)
class Increase:
    """Gains of all counters over `seconds`, over all endpoints together."""

    seconds: float
    gains: Mapping[str, Mapping[Labels, float]]
    bucket_gains: Mapping[str, Mapping[Labels, Mapping[float, float]]]
    unit_known: bool = True

    def exports(self, counter: str) -> bool:
        """Whether the server shows the counter at all; some appear at their first event."""
        return bool(self.gains.get(counter))

    def count(self, counter: str, where: Where) -> float:
        """Events counted; 0 for a counter that has not appeared yet."""
        found = self.gains.get(counter, {})
        return sum(gain for labels, gain in found.items() if where(dict(labels)))

    def mean_ms(self, timer: str, where: Where) -> float | Missing:
        """Mean of what a timer measured in the interval."""
        if not self.unit_known:
            return NO_UNIT
        count = self.count(f"{timer}_count", where)
        if count <= 0:
            return Missing(f"the server measured no {timer} in the interval")
        return max(0.0, self.count(f"{timer}_sum", where)) / count

    def histogram(self, timer: str, where: Where) -> LatencyHistogram | Missing:
        """What a timer measured in the interval, all picked series in one."""
        if not self.unit_known:
            return NO_UNIT
        sums = self.gains.get(f"{timer}_sum", {})
        picked = [
            _histogram(counts, sums.get(labels, 0.0))
            for labels, counts in self.bucket_gains.get(timer, {}).items()
            if where(dict(labels))
        ]
        try:
            merged = merge(picked)
        except ValueError as error:
            return Missing(f"buckets of {timer} do not fit together: {error}")
        return merged or Missing(f"the server measured no {timer} yet")


def increase(before: MetricsScrape | None, after: MetricsScrape) -> Increase | Missing:
    """Gains from `before` to `after`; missing for the first scrape and after a restart."""
    if before is None:
        return Missing("needs two scrapes of the metrics endpoint")
    if before.endpoints.keys() != after.endpoints.keys() or after.at_s <= before.at_s:
        return Missing("needs two scrapes of the same metrics endpoints")
    gains: dict[str, dict[Labels, float]] = {}
    bucket_gains: dict[str, dict[Labels, dict[float, float]]] = {}
    for url, new in after.endpoints.items():
        old = before.endpoints[url]
        if was_reset(old, new):
            return Missing(f"the counters of {url} began anew: the server behind it restarted")
        _gain_values(old, new, gains)
        _gain_buckets(old, new, bucket_gains)
    unit_known = all(each.unit_known for each in after.endpoints.values())
    return Increase(after.at_s - before.at_s, gains, bucket_gains, unit_known)


def resets(before: MetricsScrape | None, after: MetricsScrape) -> int:
    """Endpoints behind which a new process answered since `before`."""
    past = before.endpoints if before else {}
    return sum(url in past and was_reset(past[url], new) for url, new in after.endpoints.items())


def was_reset(old: Exposition, new: Exposition) -> bool:
    """Whether a new process answered: a counter shrank, or one that never goes away is gone."""
    vocabulary = new.vocabulary
    mark = vocabulary.mark or ""
    marks = new.values.get(mark, {})
    if any(labels not in marks for labels in old.values.get(mark, {})):
        return True
    for name, series in new.values.items():
        if name in vocabulary.gauges:  # some of which are called a count
            continue
        if name in vocabulary.counters or name.endswith("_count"):
            past = old.values.get(name, {})
            if any(value < past.get(labels, 0.0) for labels, value in series.items()):
                return True
    return False


def _gain_values(old: Exposition, new: Exposition, gains: dict[str, dict[Labels, float]]) -> None:
    for name, series in new.values.items():
        if name in new.vocabulary.gauges:
            continue
        past, into = old.values.get(name, {}), gains.setdefault(name, {})
        for labels, value in series.items():
            into[labels] = into.get(labels, 0.0) + value - past.get(labels, 0.0)


def _gain_buckets(
    old: Exposition, new: Exposition, gains: dict[str, dict[Labels, dict[float, float]]]
) -> None:
    for timer, all_series in new.buckets.items():
        past, into = old.buckets.get(timer, {}), gains.setdefault(timer, {})
        for labels, counts in all_series.items():
            before, sums = past.get(labels, {}), into.setdefault(labels, {})
            for bound, count in counts.items():
                sums[bound] = sums.get(bound, 0.0) + count - before.get(bound, 0.0)


def _histogram(cumulative: Mapping[float, float], sum_ms: float) -> LatencyHistogram:
    bounds = sorted(cumulative)
    below = [0.0, *(cumulative[bound] for bound in bounds[:-1])]
    # A scrape that runs beside an update may catch one bucket before and the next after it.
    counts = [
        max(0, round(cumulative[bound] - before))
        for bound, before in zip(bounds, below, strict=True)
    ]
    if not bounds or bounds[-1] != UNLIMITED:
        bounds, counts = [*bounds, UNLIMITED], [*counts, 0]
    return LatencyHistogram(
        bounds_ms=tuple(bounds[:-1]), counts=tuple(counts), sum_ms=max(0.0, sum_ms)
    )
