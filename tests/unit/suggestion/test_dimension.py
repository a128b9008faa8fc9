"""Values of every distribution, decoded and encoded again."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.common.strategies import DISTRIBUTIONS
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Parameter,
    Quantized,
    SearchSpace,
    Uniform,
    contains,
    same_value,
)
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomSampler
from wanllmdb_suggestion.optimizer.space_mapping import Fixed, dimension


def draws(distribution: Distribution, count: int, seed: int = 1) -> list[Any]:
    sampler = RandomSampler(SearchSpace((Parameter("p", distribution),)), seed)
    return [sampler.propose(number)["p"] for number in range(count)]


def is_on_step(distribution: Distribution, value: object) -> bool:
    match distribution:
        case Uniform(min=low, q=float(q)) | LogUniform(min=low, q=float(q)):
            steps = (Decimal(repr(value)) - Decimal(repr(low))) / Decimal(repr(q))
            # The value is the double next to a step, so its shortest decimal is the step's.
            return float(Decimal(repr(low)) + round(steps) * Decimal(repr(q))) == value
        case IntUniform(min=low, q=q) | IntLogUniform(min=low, q=q):
            assert isinstance(value, int)
            return (value - low) % q == 0
        case Quantized(q=float(q)):
            return float(round(Decimal(repr(value)) / Decimal(repr(q))) * Decimal(repr(q))) == value
        case Quantized(q=q):
            assert isinstance(value, int)
            return value % q == 0
        case _:
            return True


@given(DISTRIBUTIONS, st.integers(0, 2**53))
def test_draws_are_in_the_space_and_on_its_steps(distribution: Distribution, seed: int) -> None:
    for value in draws(distribution, 5, seed):
        assert contains(distribution, value)
        assert is_on_step(distribution, value)


@given(DISTRIBUTIONS, st.integers(0, 2**53))
def test_a_drawn_value_comes_back_from_its_encoding(distribution: Distribution, seed: int) -> None:
    searched = dimension(distribution)
    for value in draws(distribution, 3, seed):
        if isinstance(searched, Fixed):
            assert same_value(searched.value, value)
            continue
        again = searched.decode(searched.encode(value))
        if isinstance(distribution, Normal | LogNormal | Beta):
            # The conversion through a quantile and back loses digits, more so in the tails.
            assert again == pytest.approx(
                value, rel=1e-6, abs=1e-6 * getattr(distribution, "sigma", 1)
            )
        else:
            assert same_value(again, value)


@given(DISTRIBUTIONS, st.integers(0, 2**53))
def test_encoded_values_are_ones_that_optuna_can_draw(
    distribution: Distribution, seed: int
) -> None:
    searched = dimension(distribution)
    if isinstance(searched, Fixed):
        return
    for value in draws(distribution, 3, seed):
        internal = searched.distribution.to_internal_repr(searched.encode(value))
        if not isinstance(
            distribution, IntUniform | IntLogUniform
        ):  # beyond 2^53 no double is exact
            assert searched.distribution._contains(internal)


def test_steps_are_clean_decimals() -> None:
    assert set(draws(Uniform(0.0, 0.5, 0.1), 200)) == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5}


def test_the_last_step_below_the_maximum_is_reached_and_nothing_above() -> None:
    assert set(draws(Uniform(0.0, 1.0, 0.3), 200)) == {0.0, 0.3, 0.6, 0.9}
    assert set(draws(IntUniform(1, 10, 4), 200)) == {1, 5, 9}


def test_values_between_steps_keep_their_place() -> None:
    searched = dimension(Uniform(0.0, 1.0, 0.5))
    assert not isinstance(searched, Fixed)
    assert searched.encode(0.3) == 0.3


def test_drawn_values_move_to_the_nearest_step() -> None:
    whole = dimension(IntLogUniform(1, 100, 10))
    assert not isinstance(whole, Fixed)
    assert [whole.decode(x) for x in (1, 5, 6, 7, 95, 97, 100)] == [1, 1, 11, 11, 91, 91, 91]
    real = dimension(LogUniform(1.0, 2.0, 0.3))
    assert not isinstance(real, Fixed)
    assert [real.decode(x) for x in (1.0, 1.14, 1.16, 1.9, 2.0)] == [1.0, 1.0, 1.3, 1.9, 1.9]


def test_types_are_kept() -> None:
    choices = (1, 1.0, True, "1", None, [1], {"a": 1})
    seen = draws(Categorical(choices), 200)
    for choice in choices:
        assert any(same_value(choice, v) for v in seen)
    assert {type(v) for v in draws(Uniform(0.0, 10.0, 1.0), 20)} == {float}
    assert {type(v) for v in draws(Quantized(Normal(0.0, 5.0), 2), 20)} == {int}


@pytest.mark.parametrize(
    "distribution",
    [Constant([1]), Categorical(("x",)), Uniform(0.0, 0.05, 0.1), IntUniform(3, 5, 10)],
)
def test_a_single_value_is_not_searched(distribution: Distribution) -> None:
    assert isinstance(dimension(distribution), Fixed)


def test_a_range_wider_than_a_double_is_drawn() -> None:
    distribution = Uniform(-1.7e308, 1.7e308)
    values = draws(distribution, 50)
    assert all(contains(distribution, v) for v in values)
    assert min(values) < 0 < max(values)


def log_cdf(low: float, high: float) -> Callable[[float], float]:
    return lambda x: math.log(x / low) / math.log(high / low)


@pytest.mark.parametrize(
    ("distribution", "cdf"),
    [
        (Uniform(-2.0, 3.0), lambda x: (x + 2) / 5),
        (LogUniform(1e-4, 1e-1), log_cdf(1e-4, 1e-1)),
        (Normal(3.0, 2.0), NormalDist(3.0, 2.0).cdf),
        (LogNormal(1.0, 0.5), lambda x: NormalDist(1.0, 0.5).cdf(math.log(x))),
        (Beta(2.0, 1.0), lambda x: x * x),
    ],
)
def test_draws_follow_the_law(distribution: Distribution, cdf: Callable[[float], float]) -> None:
    # Kolmogorov-Smirnov: 1.95 / sqrt(n) is passed by chance once in a thousand times.
    count = 2_000
    ranks = np.sort([cdf(float(v)) for v in draws(distribution, count)])
    assert np.max(np.abs(ranks - (np.arange(count) + 0.5) / count)) < 1.95 / math.sqrt(count)


def test_a_normal_law_is_not_cut() -> None:
    searched = dimension(Normal(0.0, 1.0))
    assert not isinstance(searched, Fixed)
    assert searched.decode(1e-15) == pytest.approx(-7.94, abs=0.01)
    beyond_three = sum(abs(float(v)) > 3 for v in draws(Normal(0.0, 1.0), 4_000))
    assert 2 <= beyond_three <= 25  # 10.8 expected


def test_a_rounded_normal_law_has_the_law_s_shares() -> None:
    values = draws(Quantized(Normal(0.0, 10.0), 5), 2_000)
    share = sum(v == 0 for v in values) / len(values)
    distribution = NormalDist(0, 10)
    assert share == pytest.approx(distribution.cdf(2.5) - distribution.cdf(-2.5), abs=0.04)
