"""`woa why`: why work waits, a sentence for each queue and what it rests on."""

import json
from collections.abc import Iterator

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.listings import Row
from cli.tables import printable

__all__ = ["run_why"]


def run_why(
    client: ApiClient, orchestrator: str | None, queue: str | None, *, as_json: bool
) -> Exit:
    """Print the causes of one queue, one orchestrator, or all. Raises `CommandError`."""
    kind, name = ("orchestrator", orchestrator) if queue is None else ("queue", queue)
    owner = None if queue is None else orchestrator
    rows = rows_of(client, Wanted(kind, name, orchestrator=owner))
    found = [(row, client.look(f"/{kind}s/{row.item['id']}/waiting-causes")) for row in rows]
    if as_json:
        print(json.dumps([answer for _, answer in found], indent=2))
        return Exit.OK
    for row, answer in found:
        for line in _lines(row, answer):
            print(printable(line))
    if not found:
        print("No orchestrators")
    return Exit.OK


def _lines(row: Row, answer: Item) -> Iterator[str]:
    simulated = " (simulated)" if row.simulated else ""
    if answer["reason"] is not None:
        yield f"{row.title}: {answer['reason']}"
    for cause in answer["causes"]:
        yield f"{cause['sentence']}{simulated}"
        for line in cause["evidence"]:
            yield f"  {line}"
        yield f"  confidence: {cause['confidence']}"
