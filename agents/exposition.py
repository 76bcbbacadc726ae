"""Prometheus endpoints, read line by line for the families that are used.

An answer can hold ten megabytes of histogram buckets, so a line is looked up in the allow-list
by its name before anything else of it is parsed. Times leave here in milliseconds, whatever
the exporter counts in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import isnan

import httpx

__all__ = [
    "Exposition",
    "ExpositionParser",
    "Labels",
    "MetricsError",
    "Vocabulary",
    "fetch",
]

Labels = tuple[tuple[str, str], ...]
"""Label names and values in the order the server writes them, without `le`."""

PARTS = ("_sum", "_count")

UNITS_MS = {"": None, "_seconds": 1000.0, "_milliseconds": 1.0}
"""Suffixes an exporter may put behind a timer's name; without one the bounds tell the unit."""

SECONDS_BOUND, MILLISECONDS_BOUND = 0.1, 1.0
"""The first bound of a timer: at most 0.1 is seconds, at least 1 milliseconds."""


@dataclass(frozen=True)
class Vocabulary:
    """The few families that are read of one kind of endpoint.

    `summarized` are timers of which the sum and the count are enough, of `histograms` the
    buckets are read as well. `mark` is a family without which it is another kind of endpoint
    and `unit_probe` the buckets whose first bound tells the unit where no name does.
    """

    whose: str
    counters: tuple[str, ...]
    gauges: tuple[str, ...]
    summarized: tuple[str, ...]
    histograms: tuple[str, ...]
    mark: str | None
    unit_probe: bytes | None = None

    @cached_property
    def allowed(self) -> Mapping[bytes, tuple[str, float | None]]:
        """Raw name -> our name and the exporter's unit, None where the name does not tell."""
        names: dict[bytes, tuple[str, float | None]] = {}
        for name in (*self.counters, *self.gauges):
            names[name.encode()] = (name, None)
        for name in self.counters:
            names[f"{name}_total".encode()] = (name, None)
        for timer, (suffix, unit_ms) in product(self.timers, UNITS_MS.items()):
            for part in PARTS:
                names[f"{timer}{suffix}{part}".encode()] = (f"{timer}{part}", unit_ms)
        for timer, (suffix, unit_ms) in product(self.histograms, UNITS_MS.items()):
            names[f"{timer}{suffix}_bucket".encode()] = (f"{timer}_bucket", unit_ms)
        return names

    @property
    def timers(self) -> tuple[str, ...]:
        return self.summarized + self.histograms


LONGEST_LINE = 1024 * 1024

LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class MetricsError(Exception):
    """The endpoint gave nothing usable; `code` is stable.

    `retry_after` is the header of that name, where it told one.
    """

    def __init__(self, code: str, message: str, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after = retry_after


@dataclass(frozen=True)
class Exposition:
    """What one endpoint said at one moment.

    `values` holds counters, gauges and the `_sum` and `_count` of timers, `buckets` the
    cumulative counts of a timer's buckets by upper bound. Timers are absent when their unit is
    unknown; `unit_known` tells.
    """

    values: Mapping[str, Mapping[Labels, float]]
    buckets: Mapping[str, Mapping[Labels, Mapping[float, float]]]
    vocabulary: Vocabulary
    unit_known: bool = True


class ExpositionParser:
    """Takes an answer in pieces of any size; `finish` gives what it said.

    Raises `MetricsError` with code `bad_response` for a line that cannot be read.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._rest = b""
        self._unit_ms: float | None = None
        self._values: dict[str, dict[Labels, float]] = {}
        self._buckets: dict[str, dict[Labels, dict[float, float]]] = {}

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the answer."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > LONGEST_LINE:
            raise MetricsError("bad_response", f"a line of more than {LONGEST_LINE} bytes")

    def finish(self) -> Exposition:
        """The answer is over."""
        self._line(self._rest)
        vocabulary = self._vocabulary
        if vocabulary.mark is not None and vocabulary.mark not in self._values:
            raise MetricsError("bad_response", f"these are not the metrics of {vocabulary.whose}")
        unit_ms = self._unit_ms
        if unit_ms is None:
            timers = {f"{name}{part}" for name in vocabulary.timers for part in PARTS}
            values = {name: found for name, found in self._values.items() if name not in timers}
            return Exposition(values, {}, vocabulary, unit_known=False)
        return Exposition(
            {name: _scaled(name, found, unit_ms) for name, found in self._values.items()},
            {
                name: {
                    labels: {round(bound * unit_ms, 6): count for bound, count in counts.items()}
                    for labels, counts in series.items()
                }
                for name, series in self._buckets.items()
            },
            vocabulary=vocabulary,
        )

    def _line(self, line: bytes) -> None:
        name = line.partition(b"{")[0]
        names = self._vocabulary.allowed
        allowed = names.get(name) or names.get(line.partition(b" ")[0])
        if allowed is not None:
            self._sample(line, *allowed)
        elif self._unit_ms is None and name == self._vocabulary.unit_probe:
            self._unit_ms = _unit_of(_bound(_labels(line.decode())))

    def _sample(self, line: bytes, name: str, unit_ms: float | None) -> None:
        if unit_ms is not None:
            self._unit_ms = unit_ms
        text = line.decode(errors="replace")
        labels = _labels(text)
        try:
            value = float(text.rpartition("}")[2].split()[0] if labels else text.split()[1])
        except (IndexError, ValueError) as error:
            raise MetricsError("bad_response", f"unreadable line {text[:200]!r}") from error
        if isnan(value):  # an exporter's way to say nothing
            return
        if not name.endswith("_bucket"):
            self._values.setdefault(name, {})[tuple(labels.items())] = value
            return
        bound = _bound(labels)
        del labels["le"]
        timer = self._buckets.setdefault(name.removesuffix("_bucket"), {})
        timer.setdefault(tuple(labels.items()), {})[bound] = value


def _labels(line: str) -> dict[str, str]:
    return dict(LABEL.findall(line))


def _bound(labels: Mapping[str, str]) -> float:
    try:
        return float(labels["le"])
    except (KeyError, ValueError) as error:
        raise MetricsError("bad_response", f"a bucket without a bound: {dict(labels)}") from error


def _unit_of(first_bound: float) -> float | None:
    if first_bound <= SECONDS_BOUND:
        return 1000.0
    return 1.0 if first_bound >= MILLISECONDS_BOUND else None


def _scaled(name: str, series: dict[Labels, float], unit_ms: float) -> dict[Labels, float]:
    if not name.endswith("_sum"):
        return series
    return {labels: value * unit_ms for labels, value in series.items()}


async def fetch(
    http: httpx.AsyncClient, url: str, max_bytes: int, vocabulary: Vocabulary
) -> Exposition:
    """Read one endpoint. Raises `MetricsError`."""
    parser = ExpositionParser(vocabulary)
    size = 0
    try:
        async with http.stream("GET", url) as response:
            if response.status_code != httpx.codes.OK:
                raise MetricsError(
                    f"http_{response.status_code}",
                    f"{url} did not answer 200",
                    response.headers.get("Retry-After"),
                )
            async for piece in response.aiter_bytes():
                size += len(piece)
                if size > max_bytes:
                    raise MetricsError("too_large", f"{url} answered more than {max_bytes} bytes")
                parser.feed(piece)
    except httpx.TimeoutException as error:
        raise MetricsError("timeout", f"{url} did not answer in time") from error
    except httpx.HTTPError as error:
        raise MetricsError("unreachable", f"{url}: {error}") from error
    return parser.finish()
