"""Each distribution as in a config, with its quantiles and probabilities from scipy.

Tests compare drawn values with these, and `python -m tests.benchmarks samples` prints the
comparison.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Quantized,
    Uniform,
)

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class KnownDistribution:
    """A distribution in a config and here, with its functions from scipy.

    Attributes:
        config: The parameter as in a W&B config.
        distribution: The distribution of that parameter.
        ppf: Returns the quantile of a probability.
        cdf: Returns the probability of values up to a value.
        number: Converts a parameter's value to the number that `ppf` and `cdf` use.
    """

    config: dict[str, Any]
    distribution: Distribution
    ppf: Callable[[float], float]
    cdf: Callable[[float], float]
    number: Callable[[Any], float] = float


@dataclass(frozen=True)
class Comparison:
    """A quantile of a sample, compared with that of the distribution.

    Attributes:
        level: The probability of the quantile.
        sample: The sample's quantile.
        expected: The distribution's quantile.
        sigmas: The difference between the share of the sample up to the expected quantile and
            that quantile's probability, in standard deviations of the binomial distribution.
    """

    level: float
    sample: float
    expected: float
    sigmas: float


def compare(known: KnownDistribution, values: Sequence[Any]) -> list[Comparison]:
    """Compare the sample's quantiles at LEVELS with those of the distribution."""
    numbers = np.array([known.number(value) for value in values])
    found = []
    for level in LEVELS:
        expected = known.ppf(level)
        probability = known.cdf(expected)
        # The tolerance ignores the last digits of a rounded value.
        share = float(np.mean(numbers <= expected + 1e-9 * abs(expected)))
        deviation = math.sqrt(probability * (1 - probability) / len(numbers))
        sigmas = abs(share - probability) / deviation if deviation else abs(share - probability)
        sample = float(np.quantile(numbers, level, method="inverted_cdf"))
        found.append(Comparison(level, sample, expected, sigmas))
    return found


def _continuous(
    config: dict[str, Any], distribution: Distribution, written: Any
) -> KnownDistribution:
    return KnownDistribution(config, distribution, written.ppf, written.cdf)


def _rounded(
    config: dict[str, Any], distribution: Distribution, written: Any, q: float
) -> KnownDistribution:
    """Return the distribution of round(X / q) * q, for X of a continuous distribution."""
    return KnownDistribution(
        config,
        distribution,
        lambda p: round(float(written.ppf(p)) / q) * q,
        lambda x: float(written.cdf(x + q / 2)),
    )


def _evenly(
    config: dict[str, Any], distribution: Distribution, values: Sequence[float]
) -> KnownDistribution:
    """Return the distribution in which all values are equally likely."""
    return _by_shares(config, distribution, values, [1 / len(values)] * len(values))


def _by_shares(
    config: dict[str, Any],
    distribution: Distribution,
    values: Sequence[float],
    shares: Sequence[float],
    number: Callable[[Any], float] = float,
) -> KnownDistribution:
    written = stats.rv_discrete(values=(range(len(values)), shares))
    return KnownDistribution(
        config,
        distribution,
        lambda p: values[int(written.ppf(p))],
        lambda x: float(written.cdf(sum(value <= x for value in values) - 1)),
        number,
    )


LETTERS = ("a", "b", "c", "d")

KNOWN_DISTRIBUTIONS = {
    "uniform": _continuous(
        {"distribution": "uniform", "min": -2.0, "max": 3.0},
        Uniform(-2.0, 3.0),
        stats.uniform(-2, 5),
    ),
    "uniform with q": _evenly(
        {"distribution": "uniform", "min": 0.0, "max": 1.0, "q": 0.25},
        Uniform(0.0, 1.0, 0.25),
        [0.0, 0.25, 0.5, 0.75, 1.0],
    ),
    "int_uniform": _evenly(
        {"distribution": "int_uniform", "min": 1, "max": 37}, IntUniform(1, 37), range(1, 38)
    ),
    "int_uniform with q": _evenly(
        {"distribution": "int_uniform", "min": 1, "max": 33, "q": 5},
        IntUniform(1, 33, 5),
        range(1, 34, 5),
    ),
    "log_uniform_values": _continuous(
        {"distribution": "log_uniform_values", "min": 1e-4, "max": 0.1},
        LogUniform(1e-4, 0.1),
        stats.loguniform(1e-4, 0.1),
    ),
    "inv_log_uniform_values": _continuous(
        {"distribution": "inv_log_uniform_values", "min": 0.5, "max": 8.0},
        LogUniform(0.5, 8.0),
        stats.loguniform(0.5, 8),
    ),
    "log_uniform, integers": _rounded(
        {"distribution": "log_uniform", "min": 1, "max": 1000},
        IntLogUniform(1, 1000),
        stats.loguniform(0.5, 1000.5),
        1,
    ),
    "normal": _continuous(
        {"distribution": "normal", "mu": 3.0, "sigma": 2.0}, Normal(3.0, 2.0), stats.norm(3, 2)
    ),
    "log_normal": _continuous(
        {"distribution": "log_normal", "mu": 0.5, "sigma": 0.75},
        LogNormal(0.5, 0.75),
        stats.lognorm(0.75, scale=math.exp(0.5)),
    ),
    "beta": _continuous(
        {"distribution": "beta", "a": 2.0, "b": 5.0}, Beta(2.0, 5.0), stats.beta(2, 5)
    ),
    "q_uniform": _rounded(
        {"distribution": "q_uniform", "min": 0.0, "max": 12.0, "q": 1},
        Quantized(Uniform(0.0, 12.0), 1),
        stats.uniform(0, 12),
        1,
    ),
    "q_log_uniform_values": _rounded(
        {"distribution": "q_log_uniform_values", "min": 1.0, "max": 1000.0, "q": 10},
        Quantized(LogUniform(1.0, 1000.0), 10),
        stats.loguniform(1, 1000),
        10,
    ),
    "q_normal": _rounded(
        {"distribution": "q_normal", "mu": 0.0, "sigma": 5.0, "q": 2},
        Quantized(Normal(0.0, 5.0), 2),
        stats.norm(0, 5),
        2,
    ),
    "q_log_normal": _rounded(
        {"distribution": "q_log_normal", "mu": 1.0, "sigma": 0.5, "q": 0.5},
        Quantized(LogNormal(1.0, 0.5), 0.5),
        stats.lognorm(0.5, scale=math.e),
        0.5,
    ),
    "q_beta": _rounded(
        {"distribution": "q_beta", "a": 2.0, "b": 5.0, "q": 0.1},
        Quantized(Beta(2.0, 5.0), 0.1),
        stats.beta(2, 5),
        0.1,
    ),
    "categorical": _by_shares(
        {"distribution": "categorical", "values": list(LETTERS[:3])},
        Categorical(LETTERS[:3]),
        range(3),
        [1 / 3] * 3,
        LETTERS.index,
    ),
    "categorical_w_probabilities": _by_shares(
        {"values": list(LETTERS), "probabilities": [0.1, 0.2, 0.3, 0.4]},
        Categorical(LETTERS, (0.1, 0.2, 0.3, 0.4)),
        range(4),
        [0.1, 0.2, 0.3, 0.4],
        LETTERS.index,
    ),
}
