"""The simulated orchestrators as their agents see them: a collector each, and their past."""

from collections.abc import Sequence
from datetime import datetime

from agents.collector import Batch, Collector, CollectorConfig, UnreachableError
from agents.completion import Completion
from agents.outage import outage_record
from cli.demo.simulated_records import batch_of
from cli.demo.simulated_sites import CLUSTER, Site
from cli.demo.simulation import IncidentKind, Simulation
from contracts.topics import PublishedRecord

__all__ = ["STEP_S", "SimulatedCollector", "SimulatedPast"]

STEP_S = 60.0
POOL_EVERY_STEPS = 5


class SimulatedCollector(Collector[CollectorConfig]):
    """Reads a simulation that starts at `start`. Its times must not go back."""

    config_model = CollectorConfig
    simulated = True

    def __init__(self, site: Site, start: datetime, seed: int) -> None:
        super().__init__(
            CollectorConfig(instance_id=site.instance_id, cluster_name=CLUSTER, interval_s=STEP_S)
        )
        # One class stands for orchestrators of any type.
        self.orchestrator_type = site.orchestrator_type  # type: ignore[misc]
        self._site = site
        self._simulation = Simulation(site.plan, start, f"{seed}/{site.instance_id}")
        self._outages = [i for i in site.plan.incidents if i.kind is IncidentKind.OUTAGE]

    async def collect(self, now: datetime) -> Batch:
        """See `agents.collector.Collector.collect`."""
        return self.read(now)

    def read(self, now: datetime) -> Batch:
        """The same, for whoever has no time to wait. Raises `UnreachableError` in an outage."""
        if any(outage.covers(now) for outage in self._outages):
            raise UnreachableError("no answer (simulated outage)")
        return batch_of(self._site, self.orchestrator_id, self._simulation.observe(now))

    def pass_over(self, until: datetime) -> None:
        """Go on until then without a record."""
        self._simulation.observe(max(until, self._simulation.at))


class SimulatedPast:
    """The records that an agent would have published, one step after the other."""

    def __init__(self, collector: SimulatedCollector) -> None:
        self.collector = collector
        self.completion = Completion()
        self._steps = 0

    def records(self, at: datetime) -> Sequence[PublishedRecord]:
        """Those of the moment `at`; the pool's come with every fifth step, to be fewer."""
        try:
            batch = self.collector.read(at)
        except UnreachableError as error:
            batch = Batch(outage_record(self.collector, error.code, str(error), at))
        self._steps += 1
        record = self.completion.complete(batch.orchestrator, STEP_S)
        return (record, *batch.pools) if self._steps % POOL_EVERY_STEPS == 0 else (record,)
