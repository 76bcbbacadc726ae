"""The answers kept for the tests still look like those of the server of today."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from agents.temporal.metrics import SERVER
from tests.agents.temporal.recording import CASES, Case, Entry
from tests.live.temporal.record import record
from tests.live.temporal.server import TemporalServer

pytestmark = pytest.mark.live

KEPT = "dev-server-1.32"

DEPENDS_ON_TIMING = frozenset({"DescribeWorkflowExecution"})
"""What a workflow tells of itself depends on how far it has come."""


COMES_AND_GOES = {*SERVER.counters, "approximate_backlog_count"}
"""A counter appears with its first event, the backlog's gauge with a loaded queue."""

ATTEMPTS = 3
"""On a busy machine a call may miss its deadline, and its answer is missing in a recording."""


async def test_a_fresh_recording_has_the_shape_of_the_kept_one(
    temporal_server: TemporalServer, unused_namespaces: list[str]
) -> None:
    kept = Case.load(CASES / KEPT)
    if "WOA_TEMPORAL" in os.environ and kept.about["server"] != temporal_server.version():
        pytest.skip(f"the kept answers are of server {kept.about['server']}")

    for _ in range(ATTEMPTS):
        found = differences(await record(temporal_server, unused_namespaces.pop()), kept)
        if not found:
            break

    assert found == {}


def differences(fresh: Case, kept: Case) -> dict[str, object]:
    """What a fresh recording has otherwise than the kept one; empty when they look alike."""
    metrics = (labels(kept).keys() ^ labels(fresh).keys()) - COMES_AND_GOES
    found: dict[str, object] = {
        "calls": calls(fresh) ^ calls(kept),
        "parts": parts(fresh) ^ parts(kept),
        "kinds": changed(kinds(fresh), kinds(kept)),
        "labels": changed(labels(fresh), labels(kept)),
        "metrics": metrics,
    }
    return {name: value for name, value in found.items() if value}


def entries(case: Case) -> list[Entry]:
    return [entry for scrape in case.scrapes for entry in scrape]


def calls(case: Case) -> set[str]:
    return {entry["call"] for entry in entries(case)}


def parts(case: Case) -> set[str]:
    """Every place where answers have messages or lists. Zeros are absent, these are not."""
    return {
        place
        for entry in entries(case)
        if entry["call"] not in DEPENDS_ON_TIMING
        for place, value in places(entry["response"], entry["call"])
        if isinstance(value, dict | list)
    }


def kinds(case: Case) -> dict[str, str]:
    """The JSON type of every value."""
    return {
        place: type(value).__name__
        for entry in entries(case)
        for place, value in places(entry["response"], entry["call"])
    }


def labels(case: Case) -> dict[str, str]:
    """The label names of every metric."""
    found: dict[str, set[str]] = {}
    for text in case.metrics:
        for line in text.splitlines():
            name = line.partition("{")[0]
            found.setdefault(name, set()).update(re.findall(r'(\w+)="', line))
    return {name: " ".join(sorted(each)) for name, each in found.items()}


def changed(fresh: dict[str, str], kept: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Names that both have, with different values."""
    return {
        name: (value, kept[name])
        for name, value in fresh.items()
        if name in kept and kept[name] != value
    }


def places(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    yield place, value
    if isinstance(value, dict):
        for name, part in value.items():
            yield from places(part, f"{place}/{name}")
    elif isinstance(value, list):
        for part in value:
            yield from places(part, f"{place}/*")
