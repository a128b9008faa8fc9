"""The distributions of a sweep as Optuna's."""

from __future__ import annotations

from typing import Any

import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wanllmdb import (
    Beta,
    Categorical,
    Conditional,
    Constant,
    IntLogUniform,
    IntUniform,
    LogNormal,
    LogUniform,
    Normal,
    Quantized,
    Uniform,
)
from wanllmdb_local.run_exchange.optuna_distributions import as_choice, from_choice, to_optuna


@pytest.mark.parametrize(
    ("law", "distribution"),
    [
        (Constant(3), CategoricalDistribution((3,))),
        (Categorical(("a", 1, None)), CategoricalDistribution(("a", 1, None))),
        (IntUniform(1, 8), IntDistribution(1, 8)),
        # The last value that the step reaches.
        (IntUniform(1, 8, 2), IntDistribution(1, 7, step=2)),
        (IntLogUniform(1, 64), IntDistribution(1, 64, log=True)),
        (Uniform(0.0, 1.0), FloatDistribution(0.0, 1.0)),
        (LogUniform(0.1, 1.0), FloatDistribution(0.1, 1.0, log=True)),
        (Normal(1.0, 2.0), FloatDistribution(-11.0, 13.0)),
        (Beta(2.0, 3.0), FloatDistribution(0.0, 1.0)),
        (Quantized(Uniform(0.3, 9.9), 2), IntDistribution(0, 10, step=2)),
        (Quantized(Uniform(0.0, 1.0), 0.25), FloatDistribution(0.0, 1.0, step=0.25)),
        (Conditional(IntUniform(1, 2), {"opt": ("a",)}), IntDistribution(1, 2)),
    ],
)
def test_each_distribution_has_a_distribution(law: Any, distribution: BaseDistribution) -> None:
    assert to_optuna(law, ()) == distribution


def test_a_distribution_without_bounds_holds_what_was_seen() -> None:
    for law, seen in ((Normal(0.0, 1.0), 7.5), (LogNormal(0.0, 1.0), 1e4)):
        distribution = to_optuna(law, (seen,))
        assert isinstance(distribution, FloatDistribution)
        assert distribution.low < 1.0
        assert distribution.high == seen
        assert distribution.log == isinstance(law, LogNormal)


@pytest.mark.parametrize(
    "values",
    [(1, True, 1.0), ([1, 2], {"a": [3]}), (None, ["x"]), ((1, 2), "x")],
)
def test_choices_that_optuna_would_mix_up_travel_as_texts(values: tuple[Any, ...]) -> None:
    law = Categorical(values)
    distribution = to_optuna(law, ())
    assert isinstance(distribution, CategoricalDistribution)

    choices = [as_choice(law, value) for value in values]

    assert list(distribution.choices) == choices
    assert len(set(choices)) == len(values)
    back = [from_choice(law, choice) for choice in choices]
    assert [(type(value), value) for value in back] == [(type(value), value) for value in values]


def test_texts_stay_texts() -> None:
    law = Categorical(("1", "true"))

    assert [as_choice(law, value) for value in law.values] == ["1", "true"]
    assert from_choice(law, "1") == "1"
    assert from_choice(Uniform(0.0, 1.0), 0.5) == 0.5
