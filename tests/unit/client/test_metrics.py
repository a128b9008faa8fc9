"""Which of the logged values are metrics, and what a log of them may contain."""

from __future__ import annotations

import itertools
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from wanllmdb._agent.metrics import MOST_VALUES, MetricFilter, numeric_values


def left_out(name: str, line: str) -> None:
    pytest.fail(f"{name} is left out: {line}")


class TestNumericValues:
    def test_whatever_is_a_number_is_kept_as_a_float(self) -> None:
        data = {
            "int": 1,
            "bool": True,
            "numpy": np.float32(0.5),
            "array": np.array(3),
            "fraction": Fraction(1, 4),
        }

        assert numeric_values(data, left_out) == {
            "int": 1.0,
            "bool": 1.0,
            "numpy": 0.5,
            "array": 3.0,
            "fraction": 0.25,
        }

    def test_nested_dictionaries_get_dotted_names(self) -> None:
        assert numeric_values({"val": {"acc": 1, "by": {"class": 2}}}, left_out) == {
            "val.acc": 1.0,
            "val.by.class": 2.0,
        }

    def test_nan_and_infinities_are_kept(self) -> None:
        values = numeric_values({"a": math.nan, "b": -math.inf}, left_out)

        assert math.isnan(values["a"])
        assert values["b"] == -math.inf

    def test_everything_else_is_left_out_and_named(self) -> None:
        ignored: list[str] = []
        data = {
            "text": "0.5",
            "none": None,
            "many": np.arange(3),
            "numpy text": np.str_("1"),
            "huge": 10**400,
            "group": {"list": [1]},
        }

        assert numeric_values(data, lambda name, _: ignored.append(name)) == {}
        assert ignored == ["text", "none", "many", "numpy text", "huge", "group.list"]


class HostileError(Exception):
    """The error that hostile values raise."""


class Hostile:
    def __getattr__(self, name: str) -> object:
        raise HostileError(name)

    def __float__(self) -> float:
        raise HostileError

    def __str__(self) -> str:
        raise HostileError

    __repr__ = __str__

    def __hash__(self) -> int:
        return 1


class HostileDict(dict[str, object]):
    def items(self) -> Any:
        raise HostileError


class Endless(dict[str, object]):
    def items(self) -> Any:
        return ((f"k{index}", 1.0) for index in itertools.count())


def circle() -> dict[str, object]:
    found: dict[str, object] = {}
    found["a"] = found["b"] = found
    return found


def deep(levels: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for _ in range(levels):
        found = {"d": found}
    return found


def doubled(levels: int) -> dict[str, object]:
    found: dict[str, object] = {"x": 1.0}
    for _ in range(levels):
        found = {"a": found, "b": found}
    return found


@pytest.mark.parametrize(
    "odd",
    [
        circle(),
        deep(100_000),
        doubled(60),
        Endless(),
        HostileDict(a=1),
        Hostile(),
        Decimal("sNaN"),
        10**5_000,
        np.arange(3),
        None,
        b"1",
    ],
    ids=lambda odd: type(odd).__name__,
)
def test_nothing_that_is_logged_fails_and_the_rest_is_kept(odd: object) -> None:
    said: list[str] = []
    metrics = MetricFilter(said.append)

    data: dict[Any, Any] = {"before": 1, "odd": odd, Hostile(): 1, "after": 2.0}

    values = metrics.numbers(data)

    assert values["before"] == 1.0
    assert len(values) <= MOST_VALUES
    assert said
    # Once for each name, however often the name occurs.
    metrics.numbers({"odd": odd})
    assert len(said) == len(set(said)) <= 102


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b", "\ud800" * 50])
def test_a_name_that_cant_be_stored_is_left_out_and_said_once(name: str) -> None:
    said: list[str] = []
    metrics = MetricFilter(said.append)

    for _ in range(3):
        assert metrics.numbers({name: 1.0, "loss": 0.5}) == {"loss": 0.5}

    assert len(said) == 1
    assert said[0].startswith("log leaves out ")


@pytest.mark.parametrize("step", [-1, 2**63 - 1, 10**5_000], ids=["below", "beyond", "huge"])
def test_a_step_out_of_range_is_left_out_and_said(step: int) -> None:
    said: list[str] = []

    assert MetricFilter(said.append).step(step) is None

    assert "a step is 0 to 2**63 - 2" in said[0]
