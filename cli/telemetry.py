"""What /metrics says about the agents, the spool and ingest of this process."""

from collections.abc import Iterable

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from bus.port import Lag
from cli.pipeline import Intake, Outlet

__all__ = ["Telemetry"]


class Telemetry(Collector):
    """Reads the parts when it is asked; keeps nothing itself."""

    def __init__(self, intake: Intake | None, outlet: Outlet | None) -> None:
        self._intake = intake
        self._outlet = outlet

    def describe(self) -> Iterable[Metric]:
        """Nothing before the first scrape: registering must not ask the parts."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """Every family, with help and unit."""
        if self._outlet is not None:
            yield from self._agents(self._outlet)
            yield from self._spool(self._outlet)
        if self._intake is not None:
            yield from self._ingested(self._intake)

    def _agents(self, outlet: Outlet) -> Iterable[Metric]:
        labels = ("orchestrator",)
        scrapes = CounterMetricFamily("woa_agent_scrapes", "Scrapes begun.", labels=labels)
        failures = CounterMetricFamily(
            "woa_agent_scrape_failures", "Scrapes that learnt nothing.", labels=(*labels, "code")
        )
        duration = GaugeMetricFamily(
            "woa_agent_scrape_duration_seconds", "Length of the last scrape.", labels=labels
        )
        success = GaugeMetricFamily(
            "woa_agent_last_success_timestamp_seconds", "Last good scrape.", labels=labels
        )
        for runner in outlet.runners:
            name, stats = runner.name, runner.stats
            scrapes.add_metric((name,), stats.scrapes)
            for code, number in stats.failures.items():
                failures.add_metric((name, code), number)
            if stats.last_duration_s is not None:
                duration.add_metric((name,), stats.last_duration_s)
            if stats.last_success is not None:
                success.add_metric((name,), stats.last_success.timestamp())
        return scrapes, failures, duration, success

    def _spool(self, outlet: Outlet) -> Iterable[Metric]:
        state = outlet.forwarder.last_state
        if state is None:
            return
        yield GaugeMetricFamily("woa_spool_records", "Not yet on the bus.", value=state.records)
        yield GaugeMetricFamily("woa_spool_bytes", "Their size.", value=state.bytes)
        yield CounterMetricFamily("woa_spool_dropped", "Given up.", value=state.dropped)

    def _ingested(self, intake: Intake) -> Iterable[Metric]:
        stats = intake.ingest.stats
        records = CounterMetricFamily("woa_ingest_records", "By outcome.", labels=("outcome",))
        records.add_metric(("inserted",), stats.inserted)
        records.add_metric(("duplicate",), stats.duplicates)
        records.add_metric(("dead_letter",), stats.dead_letters.total())
        yield records
        letters = CounterMetricFamily("woa_ingest_dead_letters", "By reason.", labels=("reason",))
        for reason, number in stats.dead_letters.items():
            letters.add_metric((reason,), number)
        yield letters
        for name, help_, total in (
            ("woa_ingest_batch_records", "Records of a transaction.", stats.batch_records),
            ("woa_ingest_batch_bytes", "Bytes of messages of a transaction.", stats.batch_bytes),
            ("woa_ingest_database_seconds", "Length of a transaction.", stats.database_s),
        ):
            yield SummaryMetricFamily(name, help_, count_value=total.count, sum_value=total.sum)
        yield from _lags(stats.lags or ())
        yield GaugeMetricFamily(
            "woa_ingest_stopped",
            "1 when too many messages were no records.",
            value=float(stats.stopped_because is not None),
        )
        yield GaugeMetricFamily(
            "woa_ingest_waiting_for_store",
            "1 while the database is away.",
            value=float(stats.waiting_for_store),
        )
        yield GaugeMetricFamily(
            "woa_ingest_waiting_for_bus",
            "1 while the bus is away.",
            value=float(stats.waiting_for_bus),
        )


def _lags(lags: Iterable[Lag]) -> Iterable[Metric]:
    labels = ("topic", "partition")
    messages = GaugeMetricFamily(
        "woa_ingest_lag_records", "On the bus and not in the database.", labels=labels
    )
    ages = GaugeMetricFamily(
        "woa_ingest_lag_seconds", "Age of the oldest of them, or somewhat more.", labels=labels
    )
    for lag in lags:
        place = (lag.topic, str(lag.partition))
        messages.add_metric(place, lag.messages)
        if lag.age_s is not None:
            ages.add_metric(place, lag.age_s)
    return messages, ages
