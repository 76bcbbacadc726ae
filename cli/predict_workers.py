"""`woa predict workers`: how many workers a pool needs, as a table or as the API's own JSON."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.predict import moment
from cli.tables import number, printable, show_table

__all__ = ["run_predict_workers"]

HEADERS = ["FROM", "ARRIVALS/S", "AT MOST", "WORKERS"]


def run_predict_workers(
    client: ApiClient, wanted: Wanted, goal: Mapping[str, str | float], *, as_json: bool
) -> Exit:
    """Print what the pool needs for the goal. Raises `CommandError`."""
    (row,) = rows_of(client, wanted)
    path = f"/worker-pools/{row.item['poolId']}/predict-scaling-needs"
    needs = client.ask(path, None, **goal)
    if as_json:
        print(json.dumps(needs, indent=2))
        return Exit.OK
    print(f"{row.owner}/{row.name}")
    for line in _summary(needs):
        print(printable(line))
    if needs["predicted_load"]:
        print()
        show_table(HEADERS, map(_row, needs["predicted_load"]), HEADERS[1:])
    return Exit.OK


def _summary(needs: Item) -> Iterator[str]:
    if needs["required_workers"] is not None:
        there = number(needs["current_workers"])
        yield f"needed: {number(needs['required_workers'])} workers, there are {there}"
    if needs["expected_wait_s"] is not None:
        yield f"work then waits {number(needs['expected_wait_s'], 1)} s on average"
    for step in needs["scaling_plan"]:
        change = f"{number(step['from_workers'])} -> {number(step['to_workers'])}"
        yield f"{step['action']} {change} at {_moment(step['order_at'])}: {step['reason']}"
    for trigger in needs["scaling_triggers"]:
        rate = number(trigger["arrival_rate_per_s"], 3)
        yield f"{trigger['action']} is due when {rate} arrive a second, whatever was forecast"
    yield from _cost(needs["cost_estimate"])
    if needs["reason"] is not None:
        yield f"unknown: {needs['reason']}"
    yield from needs["evidence"]
    yield f"confidence: {needs['confidence']}"


def _cost(cost: Item | None) -> Iterator[str]:
    if cost is not None and cost["change_cost"] is not None:
        yield f"the next hour costs {number(cost['change_cost'], 2)} more than with those there"


def _row(step: Item) -> list[str]:
    return [
        _moment(step["at"]),
        number(step["arrival_rate_per_s"], 3),
        number(step["upper_rate_per_s"], 3),
        number(step["workers"]),
    ]


def _moment(text: str) -> str:
    return moment(datetime.fromisoformat(text))
