"""`woa optimize`: recommendations of a running woa, for people or as the API's own JSON."""

import json
from collections.abc import Iterator
from pathlib import Path

from cli.api_client import ApiClient, Item
from cli.exits import Exit
from cli.get import Wanted, rows_of
from cli.settings_file import read_settings
from cli.tables import UNKNOWN, number, percent, printable, show_table

__all__ = [
    "run_optimize_balancing",
    "run_optimize_pool",
    "run_optimize_queue",
    "run_optimize_scheduling",
]

ALGORITHMS = ["ALGORITHM", "DECISIONS", "DAYS", "MEAN MS", "PER S", "EFFICIENCY"]
HEADERS = ["SIDE", "NOW", "RECOMMENDED", "WHY"]


def run_optimize_pool(
    client: ApiClient, wanted: Wanted, since: str, delay_s: float, *, as_json: bool
) -> Exit:
    """Print what the pool could do better. Raises `CommandError`."""
    (row,) = rows_of(client, wanted)
    path = f"/worker-pools/{row.item['poolId']}/optimize"
    found = client.ask(path, time_range=since, delay_s=delay_s)
    if as_json:
        print(json.dumps(found, indent=2))
        return Exit.OK
    print(row.title)
    sides = found["optimizations"].items()
    show_table(HEADERS, [_side(name, side) for name, side in sides])
    print()
    for line in (*_pool_summary(found), *_steps(found["implementation_steps"])):
        print(printable(line))
    return Exit.OK


def run_optimize_queue(client: ApiClient, wanted: Wanted, body: Item, *, as_json: bool) -> Exit:
    """Print which settings of the queue to change. Raises `CommandError`."""
    (row,) = rows_of(client, wanted)
    found = client.ask(f"/queues/{row.item['id']}/optimize", body)
    if as_json:
        print(json.dumps(found, indent=2))
        return Exit.OK
    print(row.title)
    changes = [
        [each["type"], _value(each["current"]), _value(each["recommended"]), each["impact"]]
        for each in found["optimizations"]
    ]
    kept = [[name, UNKNOWN, UNKNOWN, why] for name, why in found["kept"].items()]
    show_table(HEADERS, [*changes, *kept])
    print()
    for line in (*found["evidence"], f"confidence: {found['confidence']}"):
        print(printable(line))
    return Exit.OK


def run_optimize_balancing(
    client: ApiClient, name: str, pool: str | None, work: Path | None, *, as_json: bool
) -> Exit:
    """Print the algorithm for each pool. Raises `CommandError`."""
    (row,) = rows_of(client, Wanted("orchestrator", name))
    identity = row.item["id"]
    pools = {
        each.item["poolId"]: each.name
        for each in rows_of(client, Wanted("pool", pool, orchestrator=identity))
    }
    only = {} if pool is None else {"pool_id": next(iter(pools))}
    body = {} if work is None else read_settings(work, "--work", "service_cv2: 4")
    found = client.ask("/load-balancing/optimize", body, orchestrator_id=identity, **only)
    if as_json:
        print(json.dumps(found, indent=2))
        return Exit.OK
    if not found["items"]:
        print(f"{row.name} does not tell how work lies on its workers")
    for item in found["items"]:
        print(f"{row.name}/{printable(pools.get(item['poolId'], 'all workers'))}")
        for line in _choice(item["optimization"]):
            print(printable(f"  {line}"))
    return Exit.OK


def run_optimize_scheduling(client: ApiClient, name: str, since: str, *, as_json: bool) -> Exit:
    """Print what was measured under each algorithm, and which to use. Raises `CommandError`."""
    (row,) = rows_of(client, Wanted("orchestrator", name))
    path = f"/orchestrators/{row.item['id']}/optimize-scheduling"
    found = client.ask(path, time_range=since)
    if as_json:
        print(json.dumps(found, indent=2))
        return Exit.OK
    print(row.title)
    measured = found["performance_comparison"]
    if measured:
        show_table(ALGORITHMS, [_measured(*each) for each in measured.items()], ALGORITHMS[1:])
        print()
    current, best = found["current_algorithm"], found["recommended_algorithm"]
    print(printable(f"keep {current or UNKNOWN}" if current == best else f"use {best}"))
    for line in (found["reason"], *found["evidence"], f"confidence: {found['confidence']}"):
        if line is not None:
            print(printable(line))
    return Exit.OK


def _measured(name: str, each: Item) -> list[str]:
    return [
        name,
        number(each["decisions"]),
        number(each["days"]),
        number(each["avg_latency"]),
        number(each["throughput"], 2),
        percent(each["efficiency"]),
    ]


def _choice(choice: Item) -> Iterator[str]:
    current, best = choice["current_algorithm"], choice["recommended_algorithm"]
    yield f"keep {current}" if current == best else f"{best} instead of {current}"
    if choice["improvement_interval"] is not None:
        low, high = choice["improvement_interval"]
        yield f"the best found saves {percent(low)} to {percent(high)} of the response time"
    if choice["reason"] is not None:
        yield choice["reason"]
    yield from choice["evidence"]
    yield f"confidence: {choice['confidence']}"


def _side(name: str, side: Item) -> list[str]:
    return [
        name,
        _value(side["current"]),
        _value(side["recommended"]),
        printable(side["effect"] or side["reason"] or ""),
    ]


def _value(value: object) -> str:
    match value:
        case None:
            return UNKNOWN
        case dict():
            return ", ".join(f"{name} {_value(each)}" for name, each in value.items())
        case float():
            return f"{value:.6g}"
        case _:
            return printable(str(value))


def _pool_summary(found: Item) -> Iterator[str]:
    now, then = found["current_efficiency"], found["expected_efficiency"]
    yield f"efficiency: {percent(now)} now, {percent(then)} expected"
    cost = found["cost_impact"]
    change = cost["change_worker_hours_per_day"]
    if change is not None:
        yield f"worker hours a day: {number(cost['current_worker_hours_per_day'], 1)} now, " + (
            f"{number(cost['optimized_worker_hours_per_day'], 1)} expected"
        )
    if found["reason"] is not None:
        yield found["reason"]
    yield from found["evidence"]
    yield f"confidence: {found['confidence']}"


def _steps(steps: list[Item]) -> Iterator[str]:
    for place, step in enumerate(steps, 1):
        yield f"{place}. {step['action']} {step['effect']} Risk: {step['risk']}"
