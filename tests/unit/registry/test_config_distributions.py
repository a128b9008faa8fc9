"""The distributions of a config: how each is written, and which values are rejected."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.unit.registry.configs import law_of, parsed, problems_with
from wanllmdb_common.search_space.distributions import (
    Beta,
    Categorical,
    Condition,
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
from wanllmdb_registry.domain.config.vocabulary import DISTRIBUTIONS


def numbers(distribution: Any) -> list[Any]:
    """Return the numbers of a distribution, with those of the distribution that it rounds."""
    fields = [getattr(distribution, name) for name in distribution.__slots__]
    return [n for f in fields for n in (numbers(f) if hasattr(f, "__slots__") else [f])]


@pytest.mark.parametrize(
    ("parameter", "distribution"),
    [
        ({"value": 3}, Constant(3)),
        ({"value": None}, Constant(None)),
        ({"distribution": "constant", "value": [1, {"a": 2.0}]}, Constant([1, {"a": 2.0}])),
        ({"values": [16, 0.5, "a", None, True]}, Categorical((16, 0.5, "a", None, True))),
        ({"distribution": "categorical", "values": ["a"]}, Categorical(("a",))),
        (
            {"values": ["a", "b"], "probabilities": [0.25, 0.75]},
            Categorical(("a", "b"), (0.25, 0.75)),
        ),
        (
            {
                "distribution": "categorical_w_probabilities",
                "values": [1, 2, 3],
                "probabilities": [0, 1, 0.0],
            },
            Categorical((1, 2, 3), (0.0, 1.0, 0.0)),
        ),
        ({"min": 1, "max": 8}, IntUniform(1, 8)),
        ({"min": 1, "max": 8, "q": 2}, IntUniform(1, 8, 2)),
        ({"distribution": "int_uniform", "min": 1, "max": 9, "q": 2}, IntUniform(1, 9, 2)),
        ({"min": 0.0, "max": 1}, Uniform(0.0, 1.0)),
        ({"min": 0, "max": 1, "q": 0.1}, Uniform(0.0, 1.0, 0.1)),
        ({"distribution": "uniform", "min": 0, "max": 8}, Uniform(0.0, 8.0)),
        ({"distribution": "uniform", "min": 0, "max": 8, "q": 2}, Uniform(0.0, 8.0, 2.0)),
        ({"distribution": "q_uniform", "min": 0.5, "max": 8}, Quantized(Uniform(0.5, 8.0), 1)),
        (
            {"distribution": "q_uniform", "min": 0, "max": 8, "q": 2},
            Quantized(Uniform(0.0, 8.0), 2),
        ),
        (
            {"distribution": "q_uniform", "min": 0, "max": 8, "q": 2.0},
            Quantized(Uniform(0, 8), 2.0),
        ),
        ({"distribution": "log_uniform", "min": 1e-4, "max": 1e-2}, LogUniform(1e-4, 1e-2)),
        ({"distribution": "log_uniform", "min": 1, "max": 512}, IntLogUniform(1, 512)),
        ({"distribution": "log_uniform", "min": 1, "max": 512, "q": 4}, IntLogUniform(1, 512, 4)),
        ({"distribution": "log_uniform", "min": 1, "max": 9, "q": 0.5}, LogUniform(1.0, 9.0, 0.5)),
        ({"distribution": "log_uniform_values", "min": 1, "max": 9.5}, LogUniform(1.0, 9.5)),
        ({"distribution": "inv_log_uniform_values", "min": 0.1, "max": 9}, LogUniform(0.1, 9.0)),
        (
            {"distribution": "q_log_uniform_values", "min": 8, "max": 256, "q": 8},
            Quantized(LogUniform(8.0, 256.0), 8),
        ),
        ({"distribution": "normal"}, Normal(0.0, 1.0)),
        ({"mu": 2}, Normal(2.0, 1.0)),
        ({"distribution": "normal", "mu": 2, "q": 0.5}, Quantized(Normal(2.0, 1.0), 0.5)),
        ({"mu": 2, "sigma": 3, "q": 4}, Quantized(Normal(2.0, 3.0), 4)),
        ({"distribution": "q_normal", "sigma": 3}, Quantized(Normal(0.0, 3.0), 1)),
        ({"distribution": "log_normal"}, LogNormal(0.0, 1.0)),
        ({"distribution": "log_normal", "sigma": 2, "q": 1}, Quantized(LogNormal(0.0, 2.0), 1)),
        ({"distribution": "q_log_normal", "mu": 1}, Quantized(LogNormal(1.0, 1.0), 1)),
        ({"distribution": "beta"}, Beta(1.0, 1.0)),
        ({"distribution": "beta", "a": 2, "b": 5, "q": 0.1}, Quantized(Beta(2.0, 5.0), 0.1)),
        ({"distribution": "q_beta", "a": 2}, Quantized(Beta(2.0, 1.0), 1)),
    ],
)
def test_a_parameter_is_read_as_its_law(
    parameter: dict[str, Any], distribution: Distribution
) -> None:
    read = law_of(**parameter)
    assert read == distribution
    if isinstance(distribution, Quantized):
        # 2 == 2.0, but only a step of 2 yields integers.
        assert type(read) is Quantized
        assert type(read.q) is type(distribution.q)
    elif not isinstance(distribution, Constant | Categorical):
        wanted = int if isinstance(distribution, IntUniform | IntLogUniform) else float
        assert {type(n) for n in numbers(read) if n is not None} == {wanted}


def test_every_distribution_is_among_these() -> None:
    (mark,) = test_a_parameter_is_read_as_its_law.pytestmark
    named = {parameter.get("distribution") for parameter, _ in mark.args[1]}
    assert set(DISTRIBUTIONS) <= named


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("uniform", "int_uniform"),
        ("log_uniform_values", "log_uniform"),
        ("inv_log_uniform_values", "log_uniform"),
    ],
)
def test_floats_between_integer_bounds_are_warned_of(name: str, instead: str) -> None:
    config = parsed(parameters={"p": {"distribution": name, "min": 1, "max": 8}})
    assert config.warnings == (
        f"parameter 'p': {name} draws floats between the integers 1 and 8; "
        f"for integers write {instead}",
    )
    for quiet in ({"min": 1, "max": 8}, {"distribution": name, "min": 1.0, "max": 8}):
        assert not parsed(parameters={"p": quiet}).warnings


@pytest.mark.parametrize(
    ("parameter", "path", "says"),
    [
        ({}, "", "needs value, values, min and max, or a distribution"),
        ({"mim": 1, "max": 2}, ".mim", "unknown key, did you mean min?"),
        ({"distribution": "unifrom", "min": 1, "max": 2}, ".distribution", "did you mean uniform?"),
        (
            {"distribution": 3},
            ".distribution",
            "unknown distribution 3; known are constant, categorical",
        ),
        ({"distribution": "q_log_uniform"}, ".distribution", "write q_log_uniform_values"),
        (
            {"distribution": "q_log_uniform", "min": 2, "max": 5, "q": 1},
            ".distribution",
            "for the exponents 2 to 5 write min: 7.38906 and max: 148.413, for the values 2 to "
            "5 write min: 2",
        ),
        (
            {"distribution": "q_log_uniform", "min": -2, "max": 5},
            ".distribution",
            "for the exponents -2 to 5 write min: 0.135335 and max: 148.413",
        ),
        ({"distribution": "inv_log_uniform"}, ".distribution", "takes exponents"),
        (
            {"distribution": "inv_log_uniform", "min": 1, "max": 2},
            ".distribution",
            "for the exponents 1 to 2 write min: 0.135335 and max: 0.367879",
        ),
        ({"distribution": "int_log_uniform"}, ".distribution", "log_uniform with integers"),
        ({"value": 1, "max": 2}, ".max", "does not belong to constant, which takes value"),
        (
            {"distribution": "categorical", "values": [1], "probabilities": [1]},
            ".probabilities",
            "for probabilities write categorical_w_probabilities",
        ),
        ({"distribution": "categorical_w_probabilities", "values": [1]}, ".probabilities", "list"),
        ({"distribution": "constant"}, ".value", "is required"),
        ({"values": 3}, ".values", "must be a list, is 3: for a single value write {value: ...}"),
        ({"values": []}, ".values", "at least one value"),
        ({"values": list(range(10_001))}, ".values", "at most 10,000"),
        ({"values": [1, 2], "probabilities": [1]}, ".probabilities", "are 1 for 2 values"),
        ({"values": [1, 2], "probabilities": [1, "a"]}, ".probabilities[1]", "must be a number"),
        ({"values": [1, 2], "probabilities": [1.5, -0.5]}, ".probabilities[1]", "at least 0"),
        (
            {"values": [1, 2], "probabilities": [1, 3]},
            ".probabilities",
            "must sum to 1, but sum to 4; in the same proportion: 0.25, 0.75",
        ),
        ({"min": 1}, ".max", "is required (an integer)"),
        ({"min": 1.5}, ".max", "is required (a number)"),
        ({"min": "0.1", "max": 1.0}, ".min", "remove the quotes"),
        ({"distribution": "int_uniform", "min": 1.5, "max": 3}, ".min", "must be an integer"),
        ({"min": True, "max": 3}, ".min", "must be an integer, is True"),
        ({"min": 3, "max": 2}, ".min", "must be less than max, but 3 >= 2"),
        ({"min": 3, "max": 3}, ".min", "for a fixed value write {value: 3}"),
        ({"min": 0.0, "max": 1.0, "q": 2.0}, ".q", "more than max - min = 1.0"),
        ({"min": 0.0, "max": 1.0, "q": 0}, ".q", "must be greater than 0"),
        ({"min": 0.0, "max": 1.0, "q": -1}, ".q", "must be greater than 0"),
        ({"min": 0, "max": 2**63}, ".max", "must fit into 64 bits"),
        ({"min": 0.0, "max": 10**400}, ".max", "too large for a floating-point number"),
        ({"min": 0, "max": 10**5000}, ".max", "an integer of thousands of digits"),
        ({"min": 0.0, "max": float("nan")}, ".max", "must be a finite number"),
        ({"min": 0.0, "max": float("inf")}, ".max", "must be a finite number"),
        ({"value": float("nan")}, ".value", "must be a finite number"),
        ({"value": [2**64]}, ".value[0]", "must fit into 64 bits"),
        ({"value": "a\0"}, ".value", "NUL"),
        ({"value": "\ud800"}, ".value", "surrogate"),
        ({"value": {1: 2}}, ".value", "the key 1 must be a text"),
        ({"distribution": "normal", "sigma": -1}, ".sigma", "greater than 0"),
        ({"distribution": "log_normal", "mu": 1e4, "sigma": 0}, ".sigma", "greater than 0"),
        ({"distribution": "normal", "mu": 1e301}, ".mu", "must be within 1e+300 of 0"),
        ({"distribution": "log_normal", "sigma": 100}, ".sigma", "describe the logarithm"),
        ({"distribution": "beta", "a": 0}, ".a", "must be at least"),
        ({"distribution": "beta", "b": 1e9}, ".b", "must be at least"),
        ({"distribution": "q_normal", "q": 0}, ".q", "must be greater than 0"),
        ({"distribution": "q_normal", "mu": 1e30, "q": 1}, ".q", "64 bits"),
        ({"distribution": "q_uniform", "min": 2, "max": 1}, ".min", "must be less than max"),
        ({"distribution": "q_log_uniform_values", "min": 0, "max": 1}, ".min", "not exponents"),
    ],
)
def test_a_wrong_parameter_is_told_where_and_why(
    parameter: dict[str, Any], path: str, says: str
) -> None:
    found = problems_with(parameters={"p": parameter})
    assert says in found[f"parameters.p{path}"]


@pytest.mark.parametrize(
    "name",
    ["log_uniform", "log_uniform_values", "inv_log_uniform_values", "q_log_uniform_values"],
)
def test_exponents_are_explained(name: str) -> None:
    found = problems_with(parameters={"lr": {"distribution": name, "min": -3, "max": -1}})
    text = found["parameters.lr.min"]
    assert "min and max are values, not exponents" in text
    assert (
        "for e^-3 to e^-1 write 0.0497871 and 0.367879, for "
        "10^-3 to 10^-1 write 0.001 and 0.1" in text
    )


@pytest.mark.parametrize(
    ("low", "high"), [(1, 5), (1.0, 5.0), (2, 8), (0.5, 3), (0.1, 10), (1, 20), (3, 7.5)]
)
def test_bounds_that_may_be_exponents_are_told_in_both_readings(low: float, high: float) -> None:
    parameter = {"distribution": "log_uniform", "min": low, "max": high}
    (warning,) = parsed(parameters={"p": parameter}).warnings
    assert f"means the values {low:g} to {high:g} here" in warning
    assert f"but e^{low:g} to e^{high:g} ({math.exp(low):.6g} to " in warning
    assert f"write log_uniform_values with min: {math.exp(low):.6g} and max: " in warning
    settled = "q_log_uniform_values" if isinstance(low, int) and isinstance(high, int) else "log"
    assert f"to keep {low:g} to {high:g} without this warning write {settled}" in warning


@pytest.mark.parametrize(("low", "high"), [(-5, -1), (-5, 2), (0, 5), (-9.2, -2.3)])
def test_bounds_that_can_be_exponents_alone_are_refused_in_both_readings(
    low: float, high: float
) -> None:
    parameter = {"distribution": "log_uniform", "min": low, "max": high}
    text = problems_with(parameters={"p": parameter})["parameters.p.min"]
    assert "min and max are values, not exponents" in text
    assert f"for e^{low:g} to e^{high:g} write" in text


def test_exponents_of_any_size_are_told_to_be_some() -> None:
    parameter = {"distribution": "log_uniform", "min": -5000, "max": 1.5}
    text = problems_with(parameters={"p": parameter})["parameters.p.min"]
    assert text.endswith("not exponents as in W&B's log_uniform")


@pytest.mark.parametrize(
    ("low", "high"),
    [(1e-5, 1e-1), (0.001, 1), (0.1, 1), (16, 512), (8, 1024), (1, 100), (0.01, 10.0)],
)
def test_bounds_that_are_no_exponents_are_values(low: float, high: float) -> None:
    for name, bounds in (("log_uniform", (low, high)), ("log_uniform_values", (1.0, 5.0))):
        parameter = {"distribution": name, "min": bounds[0], "max": bounds[1]}
        assert not parsed(parameters={"p": parameter}).warnings


@pytest.mark.parametrize(
    ("parameter", "same", "warning"),
    [
        (
            {"min": "1e-5", "max": "1e-1"},
            {"min": 1e-5, "max": 1e-1},
            "write 1.0e-5, or tag it: !!float",
        ),
        (
            {"min": "1e-5", "max": 1},
            {"min": 1e-5, "max": 1.0},
            "the text '1e-5' is read as the number",
        ),
        ({"min": 1, "max": "1e2"}, {"min": 1.0, "max": 100.0}, "write 1.0e+2"),
        ({"min": "1_000", "max": 2000}, {"min": 1000, "max": 2000}, "write 1000"),
        (
            {"distribution": "int_uniform", "min": 1.0, "max": 8},
            {"min": 1, "max": 8},
            "read as the integer",
        ),
        (
            {"distribution": "normal", "mu": 1, "sigma": 0},
            {"value": 1.0},
            "its value is always 1.0",
        ),
        ({"distribution": "normal", "mu": 1, "sigma": 0, "q": 2}, {"value": 0}, "always 0"),
        ({"distribution": "log_normal", "mu": 0, "sigma": 0}, {"value": 1.0}, "always 1.0"),
        (
            {"distribution": "q_normal", "mu": 2.3, "sigma": 0, "q": 0.5},
            {"value": 2.5},
            "always 2.5",
        ),
        ({"distribution": "q_log_normal", "mu": 1, "sigma": 0}, {"value": 3}, "always 3"),
        (
            {"values": [1, 2, 1]},
            {"values": [1, 2]},
            "1 appears more than once; each value counts once",
        ),
        ({"values": [[1], [1], 2, 2]}, {"values": [[1], 2]}, "as does another;"),
        (
            {"values": ["a", "b", "a"], "probabilities": [0.25, 0.5, 0.25]},
            {"values": ["a", "b"], "probabilities": [0.5, 0.5]},
            "with the sum of its probabilities",
        ),
        (
            {"values": ["1e-5", 1]},
            None,
            "'1e-5' is a text; for a number in every YAML parser write 1.0e-5",
        ),
        ({"value": "1e-5"}, None, "'1e-5' is a text"),
        (
            {"distribution": "Uniform", "min": 0.5, "max": 1},
            {"min": 0.5, "max": 1},
            "read as uniform",
        ),
        (
            {"values": [1, 2], "probabilities": ["5e-1", 0.5]},
            {"values": [1, 2], "probabilities": [0.5, 0.5]},
            "0.5",
        ),
    ],
)
def test_a_parameter_that_is_clear_is_read_with_a_warning(
    parameter: dict[str, Any], same: dict[str, Any] | None, warning: str
) -> None:
    config = parsed(parameters={"p": parameter})
    assert warning in config.warnings[0]
    distribution = config.spec.space.parameters[0].distribution
    assert distribution == law_of(**(parameter if same is None else same))
    if same is not None:
        assert not parsed(parameters={"p": same}).warnings


@pytest.mark.parametrize("values", [[1, 1.0, True, "1"], [0, False, "", None], [[1], [1.0]]])
def test_values_of_two_types_are_two_values(values: list[Any]) -> None:
    assert law_of(values=values) == Categorical(tuple(values))


def test_probabilities_may_be_off_by_as_much_as_in_wb() -> None:
    shares = (0.33333, 0.33333, 0.33333)
    assert law_of(values=[1, 2, 3], probabilities=list(shares)) == Categorical((1, 2, 3), shares)
    off = {"values": [1, 2, 3], "probabilities": [0.333, 0.333, 0.333]}
    assert "must sum to 1" in problems_with(parameters={"p": off})["parameters.p.probabilities"]


def test_a_value_that_a_condition_names_twice_counts_once() -> None:
    space = {"o": {"values": [1, 2]}, "x": {"value": 1, "when": {"o": [1, 1]}}}
    config = parsed(parameters=space)
    assert config.spec.space.parameters[1].conditions == (Condition("o", (1,)),)
    assert "parameters.x.when.o: 1 appears more than once" in config.warnings[0]
