"""Probabilities of points, compared with the frequencies of draws."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest
from hypothesis import given

from tests.unit.common.strategies import DISTRIBUTIONS
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Condition,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Parameter,
    Quantized,
    SearchSpace,
    Uniform,
)
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.probabilities import PointMasses, mass
from wanllmdb_common.search_space.quantiles import cardinality, draw

DISCRETE = DISTRIBUTIONS.filter(lambda distribution: (cardinality(distribution) or 10**9) <= 50)


@given(DISCRETE)
def test_probabilities_of_all_values_that_come_sum_to_one(distribution: Distribution) -> None:
    random, drawn = Random(1), draw(distribution)
    values = {repr(value): value for value in (drawn(random) for _ in range(2_000))}
    of = mass(distribution)
    assert 0.97 < math.fsum(of(value) for value in values.values()) < 1 + 1e-9


@pytest.mark.parametrize(
    "distribution",
    [
        Constant("x"),
        Categorical((1, 1.0, True)),
        Categorical(("a", "b"), (0.25, 0.75)),
        IntUniform(0, 30, 7),
        IntLogUniform(1, 9),
        IntLogUniform(1, 30, 5),
        Uniform(0.0, 1.0, 0.3),
        LogUniform(1.0, 20.0, 2.0),
        Quantized(Uniform(0.0, 1.0), 0.25),
        Quantized(LogUniform(1.0, 10.0), 2),
        Quantized(Beta(2.0, 5.0), 0.25),
    ],
)
def test_a_value_has_the_probability_with_which_it_is_drawn(distribution: Distribution) -> None:
    random, drawn = Random(3), draw(distribution)
    sample = [drawn(random) for _ in range(20_000)]
    counts = Counter(map(repr, sample))
    of = mass(distribution)
    for value in {repr(value): value for value in sample}.values():
        expected = of(value)
        deviation = math.sqrt(expected * (1 - expected) / 20_000)
        assert counts[repr(value)] / 20_000 == pytest.approx(expected, abs=4.5 * deviation + 1e-12)


def test_a_point_has_the_product_given_that_constraints_hold() -> None:
    space = SearchSpace(
        (
            Parameter("a", IntUniform(1, 10)),
            Parameter("b", Categorical(("x", "y"), (0.2, 0.8))),
            Parameter("c", IntUniform(1, 4), (Condition("b", ("y",)),)),
        ),
        ("a > 5",),
    )
    masses = PointMasses(space)
    assert masses.of({"a": 6, "b": "x"}) == pytest.approx(0.2 / 5, rel=0.1)
    assert masses.of({"a": 6, "b": "y", "c": 1}) == pytest.approx(0.2 / 5, rel=0.1)
    draws = PointDraws(space)
    counts = Counter(len(draws.draw(seed)) for seed in range(1_000))
    assert counts[2] == pytest.approx(200, abs=55)
