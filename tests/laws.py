"""Every distribution as in a config, and its law as scipy knows it.

What is drawn from the one is held against the other: the tests do so, and
`python -m tests.benchmarks samples` prints it.
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
class KnownLaw:
    """A distribution and its law.

    Attributes:
        config: The parameter as in a W&B config.
        law: What that means here.
        ppf: From a probability to the quantile.
        cdf: From a value to the probability of it or a smaller one.
        number: From a parameter's value to the number that `ppf` and `cdf` speak of.
    """

    config: dict[str, Any]
    law: Distribution
    ppf: Callable[[float], float]
    cdf: Callable[[float], float]
    number: Callable[[Any], float] = float


@dataclass(frozen=True)
class Comparison:
    """A sample's quantile beside the law's.

    Attributes:
        level: Which quantile.
        sample: The sample's.
        expected: The law's.
        sigmas: How far the share of the sample up to the law's quantile is from what it
            should be, in standard deviations of the binomial law.
    """

    level: float
    sample: float
    expected: float
    sigmas: float


def compare(known: KnownLaw, values: Sequence[Any]) -> list[Comparison]:
    """The sample's quantiles at LEVELS beside the law's."""
    numbers = np.array([known.number(value) for value in values])
    found = []
    for level in LEVELS:
        expected = known.ppf(level)
        probability = known.cdf(expected)
        # The last digits of a rounded value are not what is compared.
        share = float(np.mean(numbers <= expected + 1e-9 * abs(expected)))
        deviation = math.sqrt(probability * (1 - probability) / len(numbers))
        sigmas = abs(share - probability) / deviation if deviation else abs(share - probability)
        sample = float(np.quantile(numbers, level, method="inverted_cdf"))
        found.append(Comparison(level, sample, expected, sigmas))
    return found


def _continuous(config: dict[str, Any], law: Distribution, written: Any) -> KnownLaw:
    return KnownLaw(config, law, written.ppf, written.cdf)


def _rounded(config: dict[str, Any], law: Distribution, written: Any, q: float) -> KnownLaw:
    """round(X / q) * q for X of a law without steps."""
    return KnownLaw(
        config,
        law,
        lambda p: round(float(written.ppf(p)) / q) * q,
        lambda x: float(written.cdf(x + q / 2)),
    )


def _evenly(config: dict[str, Any], law: Distribution, values: Sequence[float]) -> KnownLaw:
    """Each value as likely as the others."""
    return _by_shares(config, law, values, [1 / len(values)] * len(values))


def _by_shares(
    config: dict[str, Any],
    law: Distribution,
    values: Sequence[float],
    shares: Sequence[float],
    number: Callable[[Any], float] = float,
) -> KnownLaw:
    written = stats.rv_discrete(values=(range(len(values)), shares))
    return KnownLaw(
        config,
        law,
        lambda p: values[int(written.ppf(p))],
        lambda x: float(written.cdf(sum(value <= x for value in values) - 1)),
        number,
    )


LETTERS = ("a", "b", "c", "d")

KNOWN_LAWS = {
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
