"""Whatever draws at random samples the distribution that the config names.

Each distribution as scipy has it, against 4,000 draws of random and quasi-random search and of
the random runs with which models start. Seeds are fixed: a test passes always or never.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

import pytest
from scipy import stats

from tests.unit.suggestion.spaces import spec, without_torch
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
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
)
from wanllmdb_suggestion.optimizer.samplers.make_sampler import make_sampler

DRAWS = 4_000
# Draws as far from their distribution as this are seen once in 100,000 samples (Kolmogorov).
FAR = 2.47 / math.sqrt(DRAWS)

Cdf = Callable[[float], float]


def rounded(cdf: Cdf, q: float) -> Cdf:
    """Of the nearest multiple of q."""
    return lambda value: cdf(value + q / 2)


def stepped(cdf: Cdf, q: float, high: float) -> Cdf:
    """Of the nearest step, the last one of which is not above `high`."""
    return lambda value: 1.0 if value + q > high else cdf(value + q / 2)


def evenly(*values: float) -> Cdf:
    return lambda at: sum(value <= at for value in values) / len(values)


LOG = stats.loguniform(0.1, 10.1).cdf

TABLE: list[tuple[Distribution, Cdf]] = [
    (IntUniform(-3, 4), evenly(*range(-3, 5))),
    (IntUniform(1, 10, 4), evenly(1, 5, 9)),
    (Uniform(-2.0, 3.0), stats.uniform(-2, 5).cdf),
    (Uniform(0.0, 1.0, 0.3), evenly(0, 0.3, 0.6, 0.9)),
    (LogUniform(1e-4, 10.0), stats.loguniform(1e-4, 10).cdf),
    (LogUniform(0.1, 10.1, 0.1), stepped(LOG, 0.1, 10.1)),
    (LogUniform(0.1, 10.1, 3.0), stepped(LOG, 3.0, 10.1)),
    (IntLogUniform(1, 1_024), rounded(stats.loguniform(0.5, 1_024.5).cdf, 1)),
    (IntLogUniform(1, 30, 5), lambda value: stats.loguniform(0.5, 30.5).cdf(value + 2.5)),
    (Normal(3.0, 2.0), stats.norm(3, 2).cdf),
    (LogNormal(1.0, 0.5), stats.lognorm(0.5, scale=math.e).cdf),
    (Beta(0.5, 2.0), stats.beta(0.5, 2).cdf),
    (Quantized(Uniform(0.3, 2.0), 0.5), rounded(stats.uniform(0.3, 1.7).cdf, 0.5)),
    (Quantized(LogUniform(8.0, 256.0), 8), rounded(stats.loguniform(8, 256).cdf, 8)),
    (Quantized(Normal(0.0, 10.0), 5), rounded(stats.norm(0, 10).cdf, 5)),
    (Quantized(LogNormal(3.0, 1.0), 1), rounded(stats.lognorm(1, scale=math.e**3).cdf, 1)),
    (Quantized(Beta(2.0, 5.0), 0.25), rounded(stats.beta(2, 5).cdf, 0.25)),
]


def draws_of(sampler: str, distribution: Distribution, draws: int = DRAWS) -> list[object]:
    """Draw the parameter at many points, which further continuous parameters make distinct."""
    space = SearchSpace(
        (
            Parameter("x", distribution),
            Parameter("y", Uniform(0.0, 1.0)),
            Parameter("z", Uniform(0.0, 1.0)),
        )
    )
    options = {"n_startup_trials": 10_000} if sampler in ("tpe", "gp") else {}
    sampling = make_sampler(spec(sampler, space, options=options))
    points = (sampling.propose(number) for number in range(draws))
    return [point["x"] for point in points if point is not None]


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
@pytest.mark.parametrize(
    ("distribution", "cdf"), TABLE, ids=[str(distribution) for distribution, _ in TABLE]
)
def test_numbers_follow_their_distribution(
    sampler: str, distribution: Distribution, cdf: Cdf
) -> None:
    counts = Counter(float(str(value)) for value in draws_of(sampler, distribution))
    assert sum(counts.values()) == DRAWS
    below, distance = 0, 0.0
    for value in sorted(counts):
        # A value may be off its step by rounding.
        at = value + 1e-9 * max(abs(value), 1)
        is_step = counts[value] > 1
        distance = max(distance, abs((below + counts[value]) / DRAWS - cdf(at)))
        if not is_step:
            distance = max(distance, abs(below / DRAWS - cdf(value)))
        below += counts[value]
    assert distance < FAR


@pytest.mark.parametrize(
    "sampler",
    ["random", "qmc", "tpe", "cmaes", "nsga2", pytest.param("gp", marks=without_torch)],
)
def test_categories_follow_their_probabilities(sampler: str) -> None:
    chances = {"a": 0.7, "b": 0.25, "c": 0.05, "d": 0.0}
    distribution = Categorical(tuple(chances), tuple(chances.values()))
    counts = Counter(draws_of(sampler, distribution, 400))
    assert counts["d"] == 0
    likely = [name for name, chance in chances.items() if chance]
    expected = [400 * chances[name] for name in likely]
    assert stats.chisquare([counts[name] for name in likely], expected).pvalue > 1e-5
