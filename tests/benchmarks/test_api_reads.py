"""The benchmark of the reads, small: its figures come from plans of what the API really ran."""

import argparse

import pytest

from benchmarks import api_reads


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    parser = argparse.ArgumentParser()
    api_reads.configure(parser)
    small = ["--orchestrators", "12", "--days", "3", "--requests", "3"]
    return api_reads.run(parser.parse_args(small))


def test_both_histories_are_whole(figures: dict[str, float]) -> None:
    assert figures["records_1_day"] == 12 * 24
    assert figures["records_long"] == 12 * 24 * 3
    assert figures["bytes_per_record"] > 0


@pytest.mark.parametrize("route", ["list", "health", "capacity", "capacity_24h", "queues"])
def test_each_route_looked_at_rows(figures: dict[str, float], route: str) -> None:
    assert figures[f"{route}_rows_scanned"] > 0
    assert figures[f"{route}_buffers"] > 0
    assert figures[f"{route}_long_p95_ms"] >= figures[f"{route}_long_p50_ms"] > 0


def test_the_worst_of_the_routes_is_told(figures: dict[str, float]) -> None:
    for kind in ("rows_scanned_ratio", "buffers_ratio"):
        each = [value for name, value in figures.items() if name.endswith(f"_{kind}")]
        assert figures[kind] == max(each)


def test_a_longer_history_is_not_a_longer_scan(figures: dict[str, float]) -> None:
    assert figures["rows_scanned_ratio"] <= 1.2
