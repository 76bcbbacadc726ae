"""Network counters of the kubelet as rates."""

from dataclasses import dataclass

from agents.kubernetes.node.wire import NetworkStats, NodeStats
from agents.missing import FIRST, Missing

__all__ = ["Traffic", "TrafficMeter"]

NO_COUNTERS = Missing("the kubelet does not tell the counters of a default interface")
ANEW = Missing("the counters of the interface began anew since the scrape before")
WENT_BACK = Missing("the node's clock went back since the scrape before")


@dataclass(frozen=True)
class Traffic:
    """Of the default interface, bytes per second between the kubelet's last two samples."""

    received: float
    sent: float

    @property
    def total(self) -> float:
        """Both directions."""
        return self.received + self.sent


class TrafficMeter:
    """Compares each reading with the one before."""

    def __init__(self) -> None:
        self._before: NodeStats | None = None
        self._told: Traffic | Missing = FIRST

    def read(self, stats: NodeStats) -> Traffic | Missing:
        """The kubelet samples on its own: while it has nothing newer, the last answer stands."""
        before, self._before = self._before, stats
        new = stats.network
        if new is None or new.rx_bytes is None or new.tx_bytes is None:
            self._told = NO_COUNTERS
        elif before is None or before.network is None:
            self._told = FIRST
        elif before.start_time != stats.start_time or before.network.name != new.name:
            self._told = ANEW
        elif before.network.time != new.time:
            self._told = _rate(before.network, new, new.rx_bytes, new.tx_bytes)
        return self._told


def _rate(old: NetworkStats, new: NetworkStats, received: int, sent: int) -> Traffic | Missing:
    if old.rx_bytes is None or old.tx_bytes is None:
        return FIRST
    seconds = (new.time - old.time).total_seconds()
    if seconds < 0:
        return WENT_BACK
    gained = received - old.rx_bytes, sent - old.tx_bytes
    return ANEW if min(gained) < 0 else Traffic(gained[0] / seconds, gained[1] / seconds)
