"""Quantile functions and draws, compared with independent definitions of the distributions."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

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
    ParameterValue,
    Quantized,
    Uniform,
    contains,
    same_value,
)
from wanllmdb_common.search_space.limits import problems_of_distribution, reach
from wanllmdb_common.search_space.quantiles import cardinality, cdf, draw, quantile

ORDERED = DISTRIBUTIONS.filter(
    lambda distribution: not isinstance(distribution, Constant | Categorical)
)
UNIT = st.floats(0, 1, exclude_max=True)
LARGEST = 1 - 2.0**-53


@pytest.mark.parametrize(
    ("distribution", "written_elsewhere"),
    [
        (Uniform(-2.0, 3.0), stats.uniform(-2, 5)),
        (LogUniform(1e-4, 10.0), stats.loguniform(1e-4, 10)),
        (Normal(3.0, 2.0), stats.norm(3, 2)),
        (LogNormal(1.0, 0.5), stats.lognorm(0.5, scale=math.e)),
        (Beta(0.5, 2.0), stats.beta(0.5, 2)),
        (IntUniform(-3, 4), stats.randint(-3, 5)),
        (IntUniform(0, 20, 5), stats.rv_discrete(values=([0, 5, 10, 15, 20], [0.2] * 5))),
    ],
)
@pytest.mark.parametrize("u", [0.003, 0.053, 0.253, 0.503, 0.753, 0.953, 0.999])
def test_quantiles_are_those_of_the_distributions(
    distribution: Distribution, written_elsewhere: object, u: float
) -> None:
    expected = written_elsewhere.ppf(u)  # type: ignore[attr-defined]
    assert quantile(distribution)(u) == pytest.approx(expected, rel=1e-9)


@given(ORDERED, UNIT, UNIT)
def test_quantiles_do_not_decrease(distribution: Distribution, u: float, v: float) -> None:
    of = quantile(distribution)
    assert of(min(u, v)) <= of(max(u, v))


@given(DISTRIBUTIONS, UNIT | st.sampled_from([0.0, LARGEST]), st.integers(0, 2**32))
def test_quantiles_and_draws_are_in_the_distribution(
    distribution: Distribution, u: float, seed: int
) -> None:
    assert contains(distribution, quantile(distribution)(u))
    assert contains(distribution, draw(distribution)(Random(seed)))


def test_quantized_rounds_to_multiples_with_ties_to_even_and_may_pass_a_bound() -> None:
    distribution = Quantized(Uniform(0.5, 10.5), 1)
    assert (quantile(distribution)(0.0), quantile(distribution)(LARGEST)) == (0, 10)
    assert quantile(Quantized(Uniform(0.3, 1.0), 0.5))(0.0) == 0.5
    assert quantile(Quantized(Uniform(0.0, 1.0), 0.4))(LARGEST) == 0.8
    assert quantile(Quantized(Uniform(0.0, 0.9), 0.4))(LARGEST) == 0.8
    beyond = quantile(Quantized(Uniform(0.0, 1.1), 0.4))(LARGEST)
    assert beyond == 1.2
    # In decimals: no double is 0.15, but it is halfway between 0.1 and 0.2.
    assert quantile(Quantized(Uniform(0.15, 1.0), 0.1))(0.0) == 0.2


def test_quantized_types_follow_the_step() -> None:
    assert type(quantile(Quantized(Normal(0.0, 9.0), 2))(0.7)) is int
    assert type(quantile(Quantized(Normal(0.0, 9.0), 2.0))(0.7)) is float


def test_categories_come_by_their_probabilities_and_never_with_none() -> None:
    of = quantile(Categorical(("a", "b", "c", "d"), (0.0, 0.5, 0.5, 0.0)))
    assert [of(u) for u in (0.0, 0.499, 0.5, LARGEST)] == ["b", "b", "c", "c"]
    # They add up to 1 within rounding only.
    off = quantile(Categorical(("a", "b", "c"), (0.3, 0.7 + 5e-7, 0.0)))
    assert [off(u) for u in (0.0, LARGEST)] == ["a", "b"]


@pytest.mark.parametrize("distribution", [Categorical((1, 1.0, True)), IntUniform(5, 7)])
def test_equally_likely_values_have_equal_shares(distribution: Distribution) -> None:
    of = quantile(distribution)
    shares = [of((i + 0.5) / 300) for i in range(300)]
    for at in range(3):
        assert sum(same_value(v, shares[100 * at]) for v in shares) == 100


def test_a_range_of_all_integers_reaches_odd_ones() -> None:
    drawn = draw(IntUniform(-(2**63), 2**63 - 1))
    random = Random(3)
    values = [drawn(random) for _ in range(200)]
    assert {int(v) % 2 for v in values if isinstance(v, int)} == {0, 1}
    assert min(values) < -(2**61) < 2**61 < max(values)  # type: ignore[operator, type-var]


@pytest.mark.parametrize("distribution", [Normal(1.0, 3.0), LogNormal(0.0, 2.0), Beta(2.0, 5.0)])
def test_the_distribution_function_undoes_the_quantile(
    distribution: Normal | LogNormal | Beta,
) -> None:
    for u in (1e-9, 0.1, 0.5, 0.9, 1 - 1e-9):
        assert cdf(distribution)(quantile(distribution)(u)) == pytest.approx(u, abs=1e-12)
    assert 0 < cdf(distribution)(-1e300) < cdf(distribution)(1e300) < 1


@given(DISTRIBUTIONS)
def test_the_cardinality_is_the_number_of_values(distribution: Distribution) -> None:
    count = cardinality(distribution)
    if count is None or count > 20:
        return
    of = quantile(distribution)
    if isinstance(distribution, Categorical) and distribution.probabilities:
        of = quantile(Categorical(distribution.values))
    seen: list[ParameterValue] = []
    for i in range(3_000):
        value = of(i / 3_000)
        if not any(same_value(value, other) for other in seen[-2:]):
            seen.append(value)
    # Rare ones at the ends may be missed.
    assert len(seen) <= count
    if isinstance(distribution, Constant | Categorical | Uniform | IntUniform):
        assert len(seen) == count


@pytest.mark.parametrize(
    "distribution",
    [
        Normal(1e300, 1e300),
        Normal(-1e300, 5e-324),
        LogNormal(0.0, 80.0),
        LogNormal(-740.0, 0.01),
        Beta(0.01, 0.01),
        Beta(1e6, 1e6),
        Beta(0.01, 1e6),
        Quantized(Normal(0.0, 1e17), 1),
        Quantized(Normal(0.0, 1e300), 1e-300),
        Quantized(Uniform(-1.7e308, 1.7e308), 1e300),
        Quantized(LogUniform(5e-324, 1e15), 0.5),
        Uniform(-1.7e308, 1.7e308),
        LogUniform(5e-324, 1.7e308),
        IntLogUniform(1, 2**63 - 1),
    ],
)
def test_extreme_distributions_that_are_allowed_overflow_nowhere(
    distribution: Distribution,
) -> None:
    assert list(problems_of_distribution(distribution)) == []
    low, high = reach(distribution)
    assert contains(distribution, low)
    assert contains(distribution, high)
    assert low < high or isinstance(distribution, Normal)


@pytest.mark.parametrize(
    ("distribution", "key"),
    [
        (Normal(1e301, 1.0), "mu"),
        (Normal(math.nan, 1.0), "mu"),
        (Normal(0.0, 0.0), "sigma"),
        (Normal(0.0, math.inf), "sigma"),
        (LogNormal(0.0, 100.0), "sigma"),
        (LogNormal(-740.0, 2.0), "sigma"),
        (LogNormal(1e300, 1.0), "sigma"),
        (LogNormal(0.0, -1.0), "sigma"),
        (Beta(0.0, 1.0), "a"),
        (Beta(1.0, 1e7), "b"),
        (Quantized(Normal(0.0, 1e19), 1), "q"),
        (Quantized(Uniform(0.0, 1e30), 3), "q"),
        (Quantized(LogNormal(0.0, 10.0), 1), "q"),
        (Quantized(Uniform(0.0, 1.7e308), 1e308), "q"),
        (Quantized(Beta(-1.0, 1.0), 1), "a"),
        (Quantized(Uniform(-1.7e308, 1.7e308), 5e-324), "q"),
        (Uniform(1e10, 2e10, 1e-6), "q"),
        (LogUniform(1e-3, 1e20, 1.0), "q"),
    ],
)
def test_distributions_that_would_overflow_are_named(distribution: Distribution, key: str) -> None:
    [(named, text)] = problems_of_distribution(distribution)
    assert named == key
    assert text


@pytest.mark.parametrize(
    "value", [10**400, -(10**400), 2**63, True, "1", None, [1], math.nan, math.inf]
)
def test_no_distribution_of_numbers_contains_what_is_no_number(value: object) -> None:
    for distribution in (
        Uniform(0.0, 1e308),
        IntUniform(0, 2**63 - 1),
        Normal(),
        LogNormal(),
        Beta(),
        Quantized(Normal(), 1),
        Quantized(Normal(), 1.0),
    ):
        assert not contains(distribution, value)  # type: ignore[arg-type]


def test_a_quantized_distribution_contains_what_rounding_may_give() -> None:
    distribution = Quantized(Uniform(0.25, 0.75), 0.1)
    assert [contains(distribution, x) for x in (0.19, 0.2, 0.8, 0.81)] == [False, True, True, False]
    assert contains(Quantized(LogNormal(), 1), 0)
    assert not contains(Quantized(LogNormal(), 1), -1)
    assert not contains(Quantized(Uniform(0.0, 5.0), 1), 2.0)
    assert contains(Quantized(Uniform(0.0, 5.0), 1.0), 2)
