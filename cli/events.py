"""`woa events`: what happened at an orchestrator, as a table or a file."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.tables import UNKNOWN, number, printable, show_table

__all__ = ["Asked", "run_events"]

KINDS = {"scheduling": "scheduling_decision", "coordination": "coordination_event"}


@dataclass(frozen=True)
class Asked:
    """Which events, of a kind of `KINDS`; `limit` is that of a table."""

    orchestrator: str
    kind: str
    since: str
    limit: int


def run_events(client: ApiClient, asked: Asked, form: str | None) -> Exit:
    """Print them, the newest first: as a file of this form, else a table. Raises `CommandError`."""
    kind, since = asked.kind, asked.since
    (row,) = rows_of(client, Wanted("orchestrator", asked.orchestrator))
    path = f"/orchestrators/{row.item['id']}/events/export"
    lines = client.lines(path, kind=KINDS[kind], time_range=since, format=form or "ndjson")
    if form is not None:
        for line in lines:
            print(line)
        return Exit.OK
    shown = [json.loads(line) for line in islice(lines, asked.limit)]
    if not shown:
        print(f"No {kind} events of {row.name} in the last {since}")
        return Exit.OK
    columns = COLUMNS[kind]
    cells = [[printable(cell(each)) for cell in columns.values()] for each in shown]
    show_table(list(columns), cells, [])
    return Exit.OK


def _text(field: str) -> Callable[[Item], str]:
    return lambda event: UNKNOWN if event[field] in (None, "") else str(event[field])


def _wait(event: Item) -> str:
    waited = event["schedulingLatency"]
    return UNKNOWN if waited is None else f"{number(waited / 1000, 1)} s"


def _what(event: Item) -> str:
    """The name that the source gives the work, among what it says of the decision."""
    factors = event["decisionFactors"]
    names = (factors.get(each) for each in ("workflowId", "pod", "workflow", "dag", "flow", "task"))
    return str(next(filter(None, names), event["workflowId"]))


COLUMNS: Mapping[str, Mapping[str, Callable[[Item], str]]] = {
    "scheduling": {
        "TIME": _text("decisionTime"),
        "WORK": _what,
        "OUTCOME": _text("outcome"),
        "WAITED": _wait,
        "WORKER": _text("selectedWorker"),
    },
    "coordination": {
        "TIME": _text("eventTime"),
        "EVENT": _text("eventType"),
        "PARTICIPANTS": lambda event: ", ".join(event["participants"]) or UNKNOWN,
        "OUTCOME": _text("outcome"),
    },
}
