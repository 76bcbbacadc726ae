"""Chunks in other processes: the same results in the same order, and nothing left behind."""

import os
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import psutil
import pytest

from analytics.forecasting.fleet import learn_chunk
from cli.exits import CommandError
from cli.fan_out import CHUNK_ITEMS, ENGINES, Engine, in_chunks
from cli.threads import VARIABLES
from tests.not_installed import not_installed

TWO = Engine("loky", 2)


def halves(numbers: Sequence[int]) -> list[float]:
    return [number / 2 for number in numbers]


def threads(items: Sequence[int]) -> list[tuple[int, set[str | None]]]:
    """Of each: which process it is worked on in, and how many threads that may have."""
    return [(os.getpid(), {os.environ.get(name) for name in VARIABLES}) for _ in items]


def started() -> list[psutil.Process]:
    """Our children, but for the one that multiprocessing keeps for its resources."""
    children = psutil.Process().children(recursive=True)
    return [each for each in children if "resource_tracker" not in " ".join(each.cmdline())]


def test_results_come_in_the_order_of_the_items_and_progress_is_told() -> None:
    told: list[int] = []
    items = range(9 * CHUNK_ITEMS + 7)

    made = list(in_chunks(halves, items, TWO, told.append))

    assert made == [item / 2 for item in items]
    assert told == [8 * CHUNK_ITEMS, len(items)]


def test_forecasts_of_two_processes_are_those_of_one() -> None:
    random = np.random.default_rng(1)
    histories = [30 + random.normal(size=200 + each).cumsum() for each in range(CHUNK_ITEMS + 5)]
    work = partial(learn_chunk, horizon=24, season=24)

    made = list(in_chunks(work, histories, TWO))

    for ours, alone in zip(made, work(histories), strict=True):
        assert ours is not None
        assert alone is not None
        assert ours.used == alone.used
        assert np.array_equal(ours.values, alone.values)
        assert np.array_equal(ours.lower, alone.lower)
        assert np.array_equal(ours.upper, alone.upper)


def test_work_is_done_elsewhere_with_one_thread_each() -> None:
    made = list(in_chunks(threads, range(2 * CHUNK_ITEMS), TWO))

    assert os.getpid() not in {process for process, _ in made}
    assert all(allowed == {"1"} for _, allowed in made)


def test_who_stops_leaves_nothing_running_and_nothing_begun() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for each in range(100 * CHUNK_ITEMS):
            taken.append(each)
            yield each

    before = started()
    results = in_chunks(halves, items(), TWO)
    first = next(results)
    results.close()

    assert first == 0
    assert len(taken) == 8 * CHUNK_ITEMS
    assert [each for each in started() if each not in before] == []


@pytest.mark.parametrize(
    ("engine", "package"), [("loky", "joblib"), ("dask", "distributed"), ("ray", "ray")]
)
def test_an_engine_that_is_not_installed_names_its_extra(
    engine: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_installed(package, monkeypatch)

    with pytest.raises(CommandError, match=rf"package {package}: .*woa\[{ENGINES[engine]}\]"):
        list(in_chunks(halves, [1], Engine(engine)))
