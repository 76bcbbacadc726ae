"""A fleet gives what its series give one by one, and goes on without learning."""

import numpy as np
import pytest

from analytics.forecasting.fleet import go_on_chunk, learn_chunk
from analytics.forecasting.outlook import Outlook, outlook

HOURS, DAY = 24, 24
NUMBERS = ("values", "lower", "upper")


def rhythm(length: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    steps = np.arange(length)
    return 30 + 10 * np.sin(2 * np.pi * steps / DAY) + random.normal(size=length)


def near(one: Outlook, other: Outlook) -> bool:
    """The same but for how products of matrices of another shape are rounded."""
    return all(np.allclose(getattr(one, each), getattr(other, each)) for each in NUMBERS)


def same(one: Outlook | None, other: Outlook | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.used == other.used and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in NUMBERS
    )


def test_a_chunk_is_its_series_one_by_one() -> None:
    histories = [rhythm(500, 1), rhythm(40, 2), rhythm(430, 3)]

    made = learn_chunk(histories, HOURS, DAY)

    assert [each is None for each in made] == [False, True, False]
    assert all(map(same, made, [outlook(each, HOURS, DAY) for each in histories]))


def test_what_was_learnt_goes_on_value_by_value_or_all_at_once() -> None:
    values = rhythm(500, 1)
    learnt = outlook(values[:-5], HOURS, DAY)
    assert learnt is not None

    step_by_step = learnt
    for known in range(496, 501):
        step_by_step = step_by_step.after(values[:known], 1)

    at_once = learnt.after(values, 5)
    none, chunked = go_on_chunk([None, learnt], [values, values], 5)

    assert near(learnt.after(values[:-5], 0), learnt)
    assert near(at_once, step_by_step)
    assert none is None
    assert same(chunked, at_once)


def test_gone_on_it_forecasts_as_if_it_had_been_asked_then() -> None:
    values = rhythm(500, 1)
    learnt = outlook(values[:-10], HOURS, DAY)
    assert learnt is not None

    expected = learnt.fitted.at(values, np.array([500]))[0]

    assert learnt.after(values, 10).values == pytest.approx(expected)


def test_its_interval_keeps_its_promise_when_the_noise_grows() -> None:
    random = np.random.default_rng(5)
    noise = np.concatenate([np.ones(400), 3 * np.ones(700)])
    values = 100 + random.normal(size=1100) * noise
    found = outlook(values[:400], 6, DAY)
    assert found is not None
    inside = []
    for known in range(401, 1095):
        found = found.after(values[:known], 1)
        came = values[known : known + 6]
        inside.append((found.lower <= came) & (came <= found.upper))

    assert 0.87 <= np.mean(inside) <= 0.93
