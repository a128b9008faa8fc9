"""The axes of parameters in plots."""

from __future__ import annotations

import math
from typing import Any

import pytest

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
    Quantized,
    Uniform,
)
from wanllmdb_common.search_space.plot_axes import (
    Axis,
    Scale,
    axis_of,
    is_searched,
    order_of,
    position_on,
    positions_on,
)

CHOICES = (1, 1.0, True, None, "a", [1], [1.0], {"k": 1})


@pytest.mark.parametrize(
    ("distribution", "axis"),
    [
        (Uniform(-1.0, 2.0), Axis(Scale.LINEAR, -1.0, 2.0)),
        (IntUniform(0, 8), Axis(Scale.LINEAR, 0.0, 8.0)),
        (LogUniform(1e-4, 1.0), Axis(Scale.LOG, 1e-4, 1.0)),
        (IntLogUniform(1, 1024), Axis(Scale.LOG, 0.25, 1024.0)),
        (Beta(2.0, 3.0), Axis(Scale.LINEAR, 0.0, 1.0)),
        # The values bound what the distribution leaves open.
        (Normal(), Axis(Scale.LINEAR, 0.25, 0.5)),
        (LogNormal(), Axis(Scale.LOG, 0.25, 0.5)),
        (Quantized(Normal(), 0.25), Axis(Scale.LINEAR, 0.25, 0.5)),
        # Rounding moves the bounds, up to where a logarithm is impossible.
        (Quantized(Uniform(0.3, 9.8), 1), Axis(Scale.LINEAR, 0.0, 10.0)),
        (Quantized(LogUniform(0.1, 9.8), 0.25), Axis(Scale.LINEAR, 0.0, 9.75)),
        (Quantized(LogUniform(0.2, 9.8), 0.25), Axis(Scale.LOG, 0.25, 9.75)),
        (Quantized(Beta(), 0.4), Axis(Scale.LINEAR, 0.0, 0.8)),
        (Constant("c"), Axis(Scale.CATEGORY, 0, 0, ("c",))),
        (Categorical(CHOICES), Axis(Scale.CATEGORY, 0, 7, CHOICES)),
    ],
)
def test_axes(distribution: Distribution, axis: Axis) -> None:
    assert axis_of(distribution, (0.25, 0.5)) == axis


def test_an_axis_takes_in_what_lies_outside_of_the_distribution() -> None:
    assert axis_of(Uniform(0.0, 1.0), (-0.5, 2.0)) == Axis(Scale.LINEAR, -0.5, 2.0)


def test_an_axis_without_bounds_and_values() -> None:
    assert axis_of(Normal(), None) == Axis(Scale.LINEAR, 0.0, 0.0)


def test_positions_of_categories_keep_types_apart() -> None:
    position = position_on(Categorical(CHOICES))
    assert [position(choice) for choice in CHOICES] == [0, 1, 2, 3, 4, 5, 6, 7]
    others: list[Any] = [2, False, "b", [], {"k": 1.0}]
    assert all(math.isnan(position(other)) for other in others)


def test_positions_of_numbers() -> None:
    position = position_on(Uniform(-1.0, 1.0))
    assert [position(0), position(0.5), position(-1.0)] == [0.0, 0.5, -1.0]
    others: list[Any] = [True, None, "0.5", [0.5]]
    assert all(math.isnan(position(other)) for other in others)


def test_a_logarithmic_axis_has_no_place_for_zero() -> None:
    position = position_on(LogNormal())
    assert position(0.5) == 0.5
    assert math.isnan(position(0.0))


@pytest.mark.parametrize(
    "distribution",
    [
        Uniform(-1.0, 1.0),
        LogNormal(),
        Categorical(CHOICES),
        Categorical((1, 2, 3)),
        Categorical((1.0, 0.0)),
        Categorical((True, False)),
        Categorical(("a", "b")),
        Categorical(([1], [2])),
    ],
)
@pytest.mark.parametrize(
    "values",
    [
        [],
        [0.5, -0.0, 1.0],
        [1, 0, -3],
        [1, 2.0, math.nan],
        [1, 2, math.nan],
        [True, False],
        ["a", "c", math.nan],
        [*CHOICES, math.nan],
    ],
)
def test_positions_of_columns_are_those_of_their_values(
    distribution: Distribution, values: list[Any]
) -> None:
    one_by_one = list(map(position_on(distribution), values))
    assert list(map(repr, positions_on(distribution)(values))) == list(map(repr, one_by_one))


def test_the_order_of_categories() -> None:
    assert order_of((16, 8.5, 32)) == (16.0, 8.5, 32.0)
    assert order_of((False, True)) == (0.0, 1.0)
    assert order_of((1, True)) is None
    assert order_of(("a", "b")) is None
    assert order_of((1, None)) is None


@pytest.mark.parametrize(
    ("distribution", "searched"),
    [
        (Constant(1), False),
        (Categorical((1,)), False),
        (Categorical((1, 2)), True),
        (IntUniform(1, 3, 5), False),
        (IntUniform(1, 3, 2), True),
        (Uniform(0.0, 1.0, 2.0), False),
        (Uniform(0.0, 1.0, 1.0), True),
        (Uniform(0.0, 1.0), True),
        (Normal(), True),
    ],
)
def test_what_is_searched(distribution: Distribution, searched: bool) -> None:
    assert is_searched(distribution) is searched
