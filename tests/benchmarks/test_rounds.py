"""The benchmark of the command's start: its statistics, and that it measures something."""

import argparse

import pytest

from benchmarks import cli_start
from benchmarks.rounds import median_interval


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Twice the tail of the binomial outside of these is below 10 %, one further in above it.
    [(5, 1, 5), (9, 2, 8), (15, 4, 12), (31, 11, 21)],
)
def test_the_interval_is_that_of_the_tables(count: int, low: int, high: int) -> None:
    assert median_interval(range(count, 0, -1), 0.9) == (low, high)


def test_too_few_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="4 samples are too few"):
        median_interval([1.0, 2.0, 3.0, 4.0], 0.9)


def test_every_command_takes_time_and_is_inside_its_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli_start, "ROUNDS", 5)
    figures = cli_start.run(argparse.Namespace())

    assert all(value > 0 for value in figures.values())
    for name in ("version", "help"):
        low, high = figures[f"{name}_ratio_low"], figures[f"{name}_ratio_high"]
        assert low <= figures[f"{name}_ratio"] <= high


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(SystemExit, match="/bin/false"):
        cli_start._cpu_s(("/bin/false",))
