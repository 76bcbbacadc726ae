"""`woa predict`: what a running woa expects, as a table or as the API's own JSON."""

import json
from collections.abc import Iterator
from datetime import datetime

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.tables import number, percent, printable, show_table

__all__ = ["moment", "run_predict_capacity", "run_predict_wait"]


def run_predict_capacity(
    client: ApiClient, name: str, hours: int, model: str, *, as_json: bool
) -> Exit:
    """Print the forecast of the orchestrator that `name` means. Raises `CommandError`."""
    (row,) = rows_of(client, Wanted("orchestrator", name))
    path = f"/orchestrators/{row.item['id']}/predict-capacity"
    forecast = client.ask(path, forecast_window=hours, model=model)
    if as_json:
        print(json.dumps(forecast, indent=2))
        return Exit.OK
    print(row.name)
    for line in _summary(forecast):
        print(printable(line))
    if forecast["predicted_demand"]:
        print()
        show_table(*_hours(forecast))
    return Exit.OK


def run_predict_wait(
    client: ApiClient, name: str, orchestrator: str | None, ahead: int | None, *, as_json: bool
) -> Exit:
    """Print when an item of the queue that `name` means is taken. Raises `CommandError`."""
    (row,) = rows_of(client, Wanted("queue", name, orchestrator=orchestrator))
    wait = client.look(f"/queues/{row.item['id']}/analysis", ahead=ahead)["wait"]
    if as_json:
        print(json.dumps(wait, indent=2))
        return Exit.OK
    print(f"{row.owner}/{row.name}")
    for line in _wait(wait):
        print(printable(line))
    return Exit.OK


def _wait(wait: Item) -> Iterator[str]:
    if wait["eta_s"] is not None:
        before = number(wait["ahead"])
        yield f"taken in {number(wait['eta_s'])} s, with {before} before it"
    if wait["eta_interval_s"] is not None:
        low, high = wait["eta_interval_s"]
        yield f"nine times in ten within {number(low)} to {number(high)} s"
    if wait["calibration"] is not None:
        held = wait["calibration"]
        yield (
            f"of {number(held['judged'])} earlier estimates {percent(held['inside_ratio'])} fell "
            "into their range"
        )
    if wait["reason"] is not None:
        yield f"unknown: {wait['reason']}"
    yield from wait["evidence"]
    yield f"confidence: {wait['confidence']}"


def _summary(forecast: Item) -> Iterator[str]:
    if forecast["reason"] is not None:
        yield f"no forecast: {forecast['reason']}"
        return
    yield f"recommended capacity: {number(forecast['recommended_capacity'])} slots"
    for trigger in forecast["scaling_triggers"]:
        limit, earliest = number(trigger["limit_slots"], 1), _moment(trigger["earliest_at"])
        expected = trigger["expected_at"]
        when = "at the worst" if expected is None else f"expected {_moment(expected)}, at the worst"
        yield f"crosses {trigger['kind']} ({limit} slots): {when} {earliest}"
    for peak in forecast["peak_times"]:
        yield f"peak: {_moment(peak['at'])}, {number(peak['demand'], 1)} slots"
    yield from forecast["evidence"]
    yield f"confidence: {forecast['confidence']}"


def _hours(forecast: Item) -> tuple[list[str], list[list[str]], list[str]]:
    headers = ["HOUR", "DEMAND", "LOWEST", "HIGHEST"]
    rows = [
        [
            _moment(each["at"]),
            *(number(value, 1) for value in (demand, each["lower"], each["upper"])),
        ]
        for demand, each in zip(
            forecast["predicted_demand"], forecast["confidence_intervals"], strict=True
        )
    ]
    return headers, rows, headers[1:]


def moment(at: datetime) -> str:
    """A time of UTC to the minute."""
    return f"{at:%Y-%m-%d %H:%M}Z"


def _moment(text: str) -> str:
    return moment(datetime.fromisoformat(text))
