"""Models see the past alone, intervals keep what they promise, series are made of what is known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from math import inf, nan

import numpy as np
import pytest

from analytics.forecasting.boosted import fit_boosted
from analytics.forecasting.forest import fit_forest
from analytics.forecasting.intervals import Intervals
from analytics.forecasting.models import MODELS, TOGETHER, Fitted
from analytics.forecasting.names import ModelNotInstalledError
from analytics.forecasting.outlook import NAIVE, outlook
from analytics.forecasting.ridge import fit_ridge
from analytics.forecasting.rows import block_steps
from analytics.forecasting.series import regular
from tests.not_installed import not_installed

LEARNING = sorted(set(MODELS) - set(NAIVE))
Fit = Callable[[np.ndarray, int, int], tuple[Fitted, Fitted] | None]
START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def rhythm(length: int, season: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    steps = np.arange(length)
    return 30 + 10 * np.sin(2 * np.pi * steps / season) + random.normal(size=length)


def fit_alone(history: np.ndarray, horizon: int, season: int) -> tuple[Fitted, Fitted] | None:
    (fitted,) = fit_boosted([history], horizon, season)
    return fitted


@pytest.mark.parametrize("model", sorted(MODELS))
@pytest.mark.parametrize(("season", "length"), [(24, 700), (288, 3000)])
def test_a_forecast_does_not_see_what_comes_after_it(model: str, season: int, length: int) -> None:
    values = rhythm(length, season)
    learnt = MODELS[model](values[: length - 100], 12, season).whole
    origins = np.array([length - 100, length - 60])

    made = learnt.at(values, origins)
    other = values.copy()
    other[length - 60 :] = 1e6

    assert learnt.at(other, origins) == pytest.approx(made)


@pytest.mark.parametrize("logarithm", [False, True])
def test_what_is_judged_on_the_last_block_has_not_learnt_from_it(logarithm: bool) -> None:
    values, horizon, season = rhythm(700, 24), 24, 24
    other = values.copy()
    block = block_steps(len(values), horizon, season)
    other[-block:] += np.random.default_rng(1).normal(size=block)

    ours = fit_ridge(values, horizon, season, logarithm=logarithm)
    theirs = fit_ridge(other, horizon, season, logarithm=logarithm)

    assert ours is not None
    assert theirs is not None
    assert ours[1].center == pytest.approx(theirs[1].center)
    assert ours[0].center != pytest.approx(theirs[0].center)


@pytest.mark.parametrize("fit", [fit_forest, fit_alone])
def test_nor_have_trees_that_are_judged_on_it(fit: Fit) -> None:
    values, horizon, season = rhythm(700, 24), 24, 24
    other = values.copy()
    block = block_steps(len(values), horizon, season)
    other[-block:] = other[-block:][::-1]
    origins = np.array([400, 500])

    ours, theirs = fit(values, horizon, season), fit(other, horizon, season)

    assert ours is not None
    assert theirs is not None
    early = [each[1].at(values, origins) for each in (ours, theirs)]
    whole = [each[0].at(values, origins) for each in (ours, theirs)]
    assert early[0] == pytest.approx(early[1])
    assert whole[0] != pytest.approx(whole[1])


@pytest.mark.parametrize("model", LEARNING)
def test_of_a_season_the_learnt_beat_persistence_by_far(model: str) -> None:
    values = rhythm(1000, 24)

    found = outlook(values, 24, 24, model)

    assert found is not None
    assert found.used == model
    assert found.errors[model] < 0.3 * found.errors["persistence"]
    assert found.errors[model] < 0.85 * found.errors["seasonal_naive"]


@pytest.mark.parametrize("model", LEARNING)
def test_what_does_not_beat_the_naive_is_not_used(model: str) -> None:
    steps = np.random.default_rng(3).normal(size=900)

    found = outlook(500 + steps.cumsum(), 24, 24, model)

    assert found is not None
    assert (found.used == model) is (found.errors[model] < min(found.errors[n] for n in NAIVE))


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_history_that_is_too_short_has_no_forecast_by_any_model(model: str) -> None:
    assert outlook(rhythm(71, 24), 24, 24, model) is None


@pytest.mark.parametrize(
    ("model", "package"), [("random_forest", "sklearn"), ("lightgbm", "lightgbm")]
)
def test_a_model_whose_extra_is_missing_names_it(
    model: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_installed(package, monkeypatch)

    with pytest.raises(ModelNotInstalledError, match=rf"woa\[{model.replace('_', '-')}\]"):
        outlook(rhythm(700, 24), 24, 24, model)


def test_series_that_learn_together_learn_from_each_other() -> None:
    short, others = rhythm(200, 24), [rhythm(330, 24, seed) for seed in range(1, 9)]
    expected = 30 + 10 * np.sin(2 * np.pi * np.arange(200, 224) / 24)

    (alone,) = TOGETHER["lightgbm"]([short], 24, 24)
    together, *_ = TOGETHER["lightgbm"]([short, *others, rhythm(900, 24)], 24, 24)

    errors = [
        float(np.abs(each.whole.at(short, np.array([200]))[0] - expected).mean())
        for each in (together, alone)
    ]
    assert errors[0] < errors[1]


def test_intervals_hold_what_they_promise_when_the_noise_grows() -> None:
    random = np.random.default_rng(5)
    noise = np.concatenate([np.ones(300), 3 * np.ones(600)])
    misses = random.normal(size=(900, 4)) * noise[:, None]

    state, inside = Intervals.of(misses[:100]).followed(misses[100:])

    assert 0.87 <= inside.mean() <= 0.93
    below, above = state.bounds()
    assert (above - below).mean() == pytest.approx(2 * 1.645 * 3, rel=0.15)


def test_bounds_are_wider_than_all_that_was_seen_after_many_misses() -> None:
    seen = np.linspace(-1, 1, 100)[:, None]
    state = Intervals.of(seen)
    for _ in range(5):
        state = state.after(np.array([1.0]), np.array([True]))

    below, above = state.bounds()

    assert below[0] < -1
    assert above[0] > 1


def test_a_step_is_the_mean_of_its_known_samples() -> None:
    minute = timedelta(minutes=1)
    late = (START + 2 * HOUR, 7.0)
    samples = [late, (START, 1.0), (START + minute, 3.0), (START + 2 * minute, None)]
    samples += [(START + HOUR, nan), (START + HOUR + minute, inf)]

    series = regular(samples, HOUR)

    assert series is not None
    assert (series.start, series.end) == (START, START + 3 * HOUR)
    assert series.values.tolist() == pytest.approx([2.0, nan, 7.0], nan_ok=True)


def test_short_gaps_are_bridged_and_nothing_before_a_long_one_is_used() -> None:
    values = [5.0, None, None, None, 1.0, None, 3.0]
    series = regular(((START + step * HOUR, value) for step, value in enumerate(values)), HOUR)

    assert series is not None
    assert series.filled(1).tolist() == [1.0, 2.0, 3.0]
    assert series.filled(3).tolist() == [5.0, 4.0, 3.0, 2.0, 1.0, 2.0, 3.0]


def test_a_span_that_no_memory_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="choose a longer step"):
        regular([(START, 1.0), (START + timedelta(days=365), 1.0)], timedelta(seconds=1))
