"""`woa get`: what a running woa knows, as a table or as the API's own JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.listings import LISTINGS, Row, orchestrator_name
from cli.names import choose
from cli.tables import printable, show_table

__all__ = ["Wanted", "rows_of", "run_get"]

REASONS_SHOWN = 5


@dataclass(frozen=True)
class Wanted:
    """What is asked for. Names may stand for ids and be shortened, see `cli.names`."""

    kind: str
    name: str | None = None
    orchestrator: str | None = None
    pool: str | None = None
    status: str | None = None


def run_get(client: ApiClient, wanted: Wanted, *, as_json: bool) -> Exit:
    """Print what there is. Raises `CommandError`."""
    rows = rows_of(client, wanted)
    if as_json:
        print(json.dumps([row.item for row in rows], indent=2))
    elif rows:
        columns = LISTINGS[wanted.kind]
        show_table(
            [column.header for column in columns],
            [[column.cell(row) for column in columns] for row in rows],
            [column.header for column in columns if column.number],
        )
        for line in _not_current(rows):
            print(line)
    else:
        print(f"No {wanted.kind}s")
    return Exit.OK


def rows_of(client: ApiClient, wanted: Wanted) -> list[Row]:
    """What is asked for. Raises `CommandError`."""
    return _Reader(client).rows(wanted)


class _Reader:
    """Reads lists and puts names in them. One orchestrator list serves a whole command."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def rows(self, wanted: Wanted) -> list[Row]:
        orchestrators = self._orchestrators()
        if wanted.kind == "orchestrator":
            return _named("orchestrator", wanted.name, orchestrators)
        owners = {row.item["id"]: row for row in orchestrators}
        only = _id_of("orchestrator", wanted.orchestrator, orchestrators)
        if wanted.kind == "queue":
            return _named("queue", wanted.name, self._owned("/queues", "name", owners, only))
        pools = self._owned("/worker-pools", "poolName", owners, only)
        if wanted.kind == "pool":
            return _named("pool", wanted.name, pools)
        pool_id = _id_of("pool", wanted.pool, pools)
        chosen = [pool for pool in pools if pool_id in {None, pool.item["poolId"]}]
        workers = [worker for pool in chosen for worker in self._workers(pool, wanted.status)]
        return _named("worker", wanted.name, workers)

    def _orchestrators(self) -> list[Row]:
        listing = self._client.list("/orchestrators")
        return [
            Row(item, printable(orchestrator_name(item)), "", item["simulated"], listing.now)
            for item in listing.items
        ]

    def _owned(
        self, path: str, name_key: str, owners: Mapping[str, Row], orchestrator_id: str | None
    ) -> list[Row]:
        listing = self._client.list(path, orchestrator_id=orchestrator_id)
        return [_owned_row(item, item[name_key], owners, listing.now) for item in listing.items]

    def _workers(self, pool: Row, status: str | None) -> list[Row]:
        path = f"/worker-pools/{pool.item['poolId']}/workers"
        listing = self._client.list(path, status=status)
        return [
            Row(item, printable(item["id"]), pool.name, pool.simulated, listing.now)
            for item in listing.items
        ]


def _owned_row(item: Item, name: str, owners: Mapping[str, Row], now: datetime) -> Row:
    owner = owners.get(item["orchestratorId"])
    if owner is None:  # it came into being between the two lists
        return Row(item, printable(name), item["orchestratorId"], simulated=False, now=now)
    return Row(item, printable(name), owner.name, owner.simulated, now)


def _named(kind: str, wanted: str | None, rows: list[Row]) -> list[Row]:
    chosen = _id_of(kind, wanted, rows)
    return [row for row in rows if chosen in {None, _id(kind, row)}]


def _id_of(kind: str, wanted: str | None, rows: Iterable[Row]) -> str | None:
    if wanted is None:
        return None
    names = {_id(kind, row): f"{row.owner}/{row.name}".lstrip("/") for row in rows}
    return choose(kind, wanted, names)


def _id(kind: str, row: Row) -> str:
    """What tells the row from all others. A pool item's own `id` names a sample."""
    match kind:
        case "pool":
            return str(row.item["poolId"])
        case "worker":
            return f"{row.item['poolId']}/{row.item['id']}"
        case _:
            return str(row.item["id"])


def _not_current(rows: Sequence[Row]) -> Iterable[str]:
    """What a reader of the table must know about its values."""
    old = [row.item["state"] for row in rows if row.item["state"] != "ok"]
    reasons = [(row.name, row.item["reason"]) for row in rows if row.item.get("reason")]
    if old or reasons:
        yield ""
    if old:
        counts = ", ".join(f"{count} {state}" for state, count in sorted(Counter(old).items()))
        yield f"{len(old)} of {len(rows)} not current ({counts}): they show what was last read"
    for name, reason in reasons[:REASONS_SHOWN]:
        yield f"  {name}: {printable(reason)}"
    if len(reasons) > REASONS_SHOWN:
        yield f"  and {len(reasons) - REASONS_SHOWN} more, see -o json"
