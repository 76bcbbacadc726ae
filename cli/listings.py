"""How each kind of thing is shown in a table: its columns, from the API's items."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cli.api_client import Item
from cli.tables import UNKNOWN, age, number, percent

__all__ = ["LISTINGS", "Column", "Row", "orchestrator_name"]


@dataclass(frozen=True)
class Row:
    """An item with what its own fields do not say."""

    item: Item
    name: str
    owner: str
    """The orchestrator, or for a worker its pool."""
    simulated: bool
    now: datetime

    @property
    def title(self) -> str:
        """Owner and name, and whether it is simulated."""
        whole = f"{self.owner}/{self.name}".lstrip("/")
        return f"{whole} (simulated)" if self.simulated else whole


@dataclass(frozen=True)
class Column:
    """One column; `number` ones stand to the right."""

    header: str
    cell: Callable[[Row], str]
    number: bool = False


def orchestrator_name(item: Item) -> str:
    """Type, cluster and instance."""
    return f"{item['orchestratorType']}/{item['clusterName']}/{item['instanceId']}"


def _name(row: Row) -> str:
    return f"{row.name} (simulated)" if row.simulated else row.name


def _observed(row: Row) -> str:
    """The age of the values; said to be stale or an error where they are not the present's."""
    observed_at, state = row.item["observedAt"], row.item["state"]
    if observed_at is None:
        return "never" if state == "unsupported" else f"never, {state}"
    ago = age(datetime.fromisoformat(observed_at), row.now)
    return f"{ago} ago" if state == "ok" else f"{ago} ago, {state}"


def _text(key: str) -> Callable[[Row], str]:
    return lambda row: UNKNOWN if row.item[key] is None else str(row.item[key])


def _count(header: str, key: str) -> Column:
    return Column(header, lambda row: number(row.item[key]), number=True)


def _rate(header: str, key: str) -> Column:
    return Column(header, lambda row: number(row.item[key], 1), number=True)


def _share(header: str, key: str) -> Column:
    return Column(header, lambda row: percent(row.item[key]), number=True)


def _moment(header: str, key: str) -> Column:
    def cell(row: Row) -> str:
        moment = row.item[key]
        return UNKNOWN if moment is None else age(datetime.fromisoformat(moment), row.now)

    return Column(header, cell, number=True)


def _score(row: Row) -> str:
    return number(row.item["healthScore"], 2)


def _slots(row: Row) -> str:
    usage = row.item["resourceUsage"]
    return f"{number(usage['usedSlots'])}/{number(usage['totalSlots'])}"


def _worker_slots(row: Row) -> str:
    return f"{number(row.item['usedSlots'])}/{number(row.item['totalSlots'])}"


NAME = Column("NAME", _name)
ORCHESTRATOR = Column("ORCHESTRATOR", lambda row: row.owner)
OBSERVED = Column("OBSERVED", _observed)

LISTINGS: Mapping[str, tuple[Column, ...]] = {
    "orchestrator": (
        NAME,
        Column("STATUS", _text("status")),
        Column("SCORE", _score, number=True),
        _share("USED", "capacityUtilization"),
        _count("BACKLOG", "backlogSize"),
        _count("WORKERS", "activeWorkers"),
        _count("RUNNING", "runningWorkflows"),
        OBSERVED,
    ),
    "pool": (
        NAME,
        ORCHESTRATOR,
        _count("WORKERS", "totalWorkers"),
        _count("BUSY", "busyWorkers"),
        _count("ACTIVE", "activeWorkers"),
        _count("IDLE", "idleWorkers"),
        _count("FAILED", "failedWorkers"),
        Column("SLOTS", _slots, number=True),
        OBSERVED,
    ),
    "worker": (
        NAME,
        Column("POOL", lambda row: row.owner),
        Column("STATUS", _text("status")),
        Column("SLOTS", _worker_slots, number=True),
        _share("CPU", "cpuUsage"),
        _share("MEMORY", "memoryUsage"),
        Column("TASK", _text("currentTask")),
        _moment("HEARTBEAT", "lastHeartbeat"),
        OBSERVED,
    ),
    "queue": (
        NAME,
        ORCHESTRATOR,
        _count("WAITING", "size"),
        _count("IN FLIGHT", "inFlight"),
        _count("CONSUMERS", "consumers"),
        _rate("ARRIVING/S", "arrivalRate"),
        _rate("DONE/S", "processingRate"),
        _share("ERRORS", "errorRate"),
        _moment("OLDEST", "oldestMessage"),
        OBSERVED,
    ),
}
