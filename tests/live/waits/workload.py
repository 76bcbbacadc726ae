"""One workload of known waits, the same for every orchestrator."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import ceil
from random import Random

import pytest

from contracts.orchestrator import OrchestratorMetrics

__all__ = ["ITEMS", "Item", "play", "the_known_p95"]

COUNT = 120
COMING_S = 5.0


@dataclass(frozen=True)
class Item:
    """Work that comes `at_s` after the beginning, and may begin `wait_s` later."""

    number: int
    at_s: float
    wait_s: float


def _items() -> tuple[Item, ...]:
    random = Random(5)
    return tuple(
        Item(number, COMING_S * number / COUNT, random.uniform(20, 60)) for number in range(COUNT)
    )


ITEMS = _items()

Act = Callable[[Item], Awaitable[None]]


async def play(submit: Act, release: Act) -> list[float]:
    """Submit and release each item when it is due; the milliseconds that each really waited."""
    return list(await asyncio.gather(*(_play_one(item, submit, release) for item in ITEMS)))


async def _play_one(item: Item, submit: Act, release: Act) -> float:
    clock = asyncio.get_running_loop().time
    await asyncio.sleep(item.at_s)
    await submit(item)
    submitted_s = clock()
    await asyncio.sleep(item.wait_s)
    await release(item)
    return (clock() - submitted_s) * 1000


def the_known_p95(
    record: OrchestratorMetrics,
    known_ms: list[float],
    resolution_ms: float = 0.0,
    given_again: int = 0,
) -> None:
    """The record tells of all waits, and its p95 is the known one.

    `resolution_ms`: of the source's clock, or the width of its histogram's bucket. `given_again`:
    how many pieces a busy source may give out, and count, a second time.
    """
    expected_ms = sorted(known_ms)[ceil(0.95 * len(known_ms)) - 1]
    assert record.scheduling is not None
    assert record.scheduling.latency_histogram is not None
    counts = record.scheduling.latency_histogram.counts
    assert len(known_ms) == len(ITEMS)
    assert len(ITEMS) <= sum(counts) <= len(ITEMS) + given_again, counts
    told_ms = record.scheduling.p95_scheduling_latency
    print(f"p95: known {expected_ms:.0f} ms, told {told_ms} ms")
    assert told_ms == pytest.approx(expected_ms, abs=max(0.1 * expected_ms, resolution_ms))
