"""What /metrics says about the agents, the spool and ingest of this process."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

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
        records.add_metric(("dead_letter",), stats.dead_letters)
        yield records
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
