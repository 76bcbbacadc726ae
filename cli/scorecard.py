"""`woa scorecard`: how orchestrators did by the specification's success metrics."""

import json
from collections.abc import Iterator

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.tables import UNKNOWN, number, percent, show_table

__all__ = ["run_scorecard"]

HEADERS = ["METRIC", "VALUE", "TARGET", "MET", "SAMPLES"]


def run_scorecard(client: ApiClient, name: str | None, since: str, *, as_json: bool) -> Exit:
    """Print a table for each orchestrator, or for the one that `name` means."""
    rows = {row.item["id"]: row for row in rows_of(client, Wanted("orchestrator", name))}
    listing = client.list("/scorecard", time_range=since)
    items = [each for each in listing.items if each["orchestratorId"] in rows]
    if as_json:
        print(json.dumps(items, indent=2))
        return Exit.OK
    for each in items:
        row, card = rows[each["orchestratorId"]], each["scorecard"]
        print(f"{row.title}: {card['met']} of {card['known']} known metrics met")
        show_table(HEADERS, map(_cells, card["metrics"]), ("VALUE", "SAMPLES"))
        print()
    for line in _definitions(items):
        print(line)
    return Exit.OK


def _cells(metric: Item) -> list[str]:
    met = {True: "yes", False: "no", None: UNKNOWN}[metric["met"]]
    return [metric["name"], _value(metric), metric["target"], met, number(metric["samples"])]


def _value(metric: Item) -> str:
    value = metric["value"]
    if metric["name"].endswith("_ratio"):
        return percent(value)
    return number(value, 2 if metric["name"].endswith("score") else 0)


def _definitions(items: list[Item]) -> Iterator[str]:
    """Once for all, and why what nobody knows is unknown."""
    if not items:
        yield "No orchestrators"
        return
    for metric in items[0]["scorecard"]["metrics"]:
        why = {
            each["reason"]
            for item in items
            for each in item["scorecard"]["metrics"]
            if each["name"] == metric["name"] and each["reason"]
        }
        unknown = f" Unknown: {' '.join(sorted(why))}" if why else ""
        yield f"{metric['name']}: {metric['definition']}{unknown}"
