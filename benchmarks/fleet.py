"""Records of a whole fleet: the demo's simulation as a load generator.

Simulating a thousand orchestrators would take longer than writing what they say. A few dozen are
simulated, each with its own seed and busiest hour, and every other one is a copy of one of them
under a name of its own: as many rows, as varied as the originals.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from agents.collector import UnreachableError
from agents.completion import Completion
from cli.demo.simulated import SimulatedCollector
from cli.demo.simulated_sites import SITES, Site
from contracts.identity import orchestrator_id, queue_id, sample_id
from contracts.orchestrator import OrchestratorMetrics, QueueInfo

__all__ = ["Fleet"]

ORIGINALS = 24


@dataclass(frozen=True)
class _Copy:
    """One orchestrator of the fleet, and the ids of what is its own."""

    name: str
    owner: UUID
    queues: Mapping[str, UUID]

    def of(self, record: OrchestratorMetrics) -> OrchestratorMetrics:
        """The original's record as this one's."""
        queuing = record.queuing
        return record.model_copy(
            update={
                "id": sample_id(self.owner, "orchestrator", record.collected_at),
                "orchestrator_id": self.owner,
                "instance_id": self.name,
                "queuing": queuing
                and queuing.model_copy(
                    update={"queues": tuple(map(self._queue, queuing.queues or ()))}
                ),
            }
        )

    def _queue(self, queue: QueueInfo) -> QueueInfo:
        return queue.model_copy(update={"id": self.queues[queue.name]})


class _Original:
    """One simulated orchestrator and its copies."""

    def __init__(self, site: Site, start: datetime, seed: int, copies: Sequence[_Copy]) -> None:
        self._collector = SimulatedCollector(site, start, seed)
        self._completion = Completion()
        self._copies = copies

    def records(self, at: datetime, interval_s: float) -> Iterator[OrchestratorMetrics]:
        try:
            record = self._collector.read(at).orchestrator
        except UnreachableError:  # the others of the fleet are not down with it
            return
        completed = self._completion.complete(record, interval_s)
        for copy in self._copies:
            yield copy.of(completed)


class Fleet:
    """So many orchestrators from `start` on."""

    def __init__(self, orchestrators: int, start: datetime, seed: int = 1) -> None:
        copies = [_copy(number) for number in range(orchestrators)]
        self.owners = tuple(copy.owner for copy in copies)
        self._start = start
        self._originals = [
            _Original(_site(number), start, seed, copies[number::ORIGINALS])
            for number in range(min(ORIGINALS, orchestrators))
        ]

    def records(self, steps: int, step: timedelta) -> Iterator[list[OrchestratorMetrics]]:
        """What all of them say at the end of each step."""
        for number in range(1, steps + 1):
            at = self._start + number * step
            yield [
                record
                for original in self._originals
                for record in original.records(at, step.total_seconds())
            ]


def _site(number: int) -> Site:
    """The sites of the demo in turn, each time busiest an hour later, without incidents."""
    site = SITES[number % len(SITES)]
    rhythm = site.plan.rhythm
    later = replace(rhythm, peak_hour=(rhythm.peak_hour + number // len(SITES)) % 24)
    return replace(
        site,
        instance_id=f"original-{number}",
        plan=replace(site.plan, rhythm=later, incidents=()),
    )


def _copy(number: int) -> _Copy:
    site = SITES[number % ORIGINALS % len(SITES)]
    name = f"fleet-{number:05}"
    owner = orchestrator_id(site.orchestrator_type, "simulated", name)
    queues = {queue.name: queue_id(owner, queue.name) for queue in site.plan.queues}
    return _Copy(name, owner, queues)
