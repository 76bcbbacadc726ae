"""A queue that is simulated: what is seen of it each minute, and when each item is really taken."""

from dataclasses import dataclass
from datetime import timedelta
from heapq import heapreplace

import numpy as np

from analytics.forecasting.series import FloatArray
from analytics.queue_analysis.observed import ObservedQueue, QueueSample
from contracts.orchestrator import QueueInfo, QueueType
from tests.records import NOON

__all__ = ["SimulatedQueue", "simulated"]

MINUTE_S = 60.0
UTILIZATION = 0.8


@dataclass(frozen=True)
class SimulatedQueue:
    """First come, first served. Times in s, in order of arrival; NOON is second 0."""

    arrived_s: FloatArray
    taken_s: FloatArray
    consumers: int

    def waiting(self, at_s: float) -> int:
        """Items that have come and are not taken."""
        return int((self.arrived_s <= at_s).sum() - (self.taken_s <= at_s).sum())

    def seen(self, minute: int, first: int = 0) -> ObservedQueue:
        """What is known at the end of a minute, of the minutes from `first` on."""
        edges = MINUTE_S * np.arange(first, minute + 2)
        arrivals = np.histogram(self.arrived_s, edges)[0] / MINUTE_S
        taken = np.histogram(self.taken_s, edges)[0] / MINUTE_S
        come = np.searchsorted(self.arrived_s, edges[1:], side="right")
        size = come - np.searchsorted(self.taken_s, edges[1:], side="right")
        samples = [
            QueueSample(
                at=NOON + timedelta(seconds=float(at_s)),
                size=float(size[place]),
                arrival_rate_per_s=float(arrivals[place]),
                processing_rate_per_s=float(taken[place]),
            )
            for place, at_s in enumerate(edges[:-1])
        ]
        newest = QueueInfo(
            name="jobs",
            type=QueueType.FIFO,
            size=int(size[-1]),
            consumers=self.consumers,
            arrival_rate=float(arrivals[-1]),
            processing_rate=float(taken[-1]),
        )
        end = NOON + timedelta(seconds=float(edges[-1]) - 1)
        return ObservedQueue(newest, end, samples)

    def real_wait_s(self, minute: int, ahead: int) -> float:
        """From the end of a minute on, of the item that then had so many before it."""
        at_s = MINUTE_S * (minute + 1)
        item = int((self.taken_s <= at_s).sum()) + ahead
        return float(self.taken_s[item]) - at_s


def simulated(
    *,
    consumers: int,
    service_s: float,
    service_cv2: float,
    days: int,
    seed: int,
) -> SimulatedQueue:
    """Arrivals in hours of twice and of hardly any load, so that backlogs come and go."""
    random = np.random.default_rng(seed)
    rate = UTILIZATION * consumers / service_s
    blocks = np.array([1.8, 1.8, 0.2, 0.2])[np.arange(24 * days) % 4] * rate * 3600
    counts = random.poisson(blocks)
    arrived = np.sort(np.repeat(np.arange(len(blocks)), counts) + random.random(counts.sum()))
    arrived_s = 3600 * arrived
    spread = np.log1p(service_cv2)
    services = service_s * random.lognormal(-spread / 2, np.sqrt(spread), len(arrived_s))
    free, taken = [0.0] * consumers, []
    for at_s, took_s in zip(arrived_s.tolist(), services.tolist(), strict=True):
        begin = max(free[0], at_s)
        heapreplace(free, begin + took_s)
        taken.append(begin)
    return SimulatedQueue(arrived_s, np.array(taken), consumers)
