"""Common test functions of optimizers, to be minimized, as search spaces."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Parameter,
    SearchSpace,
    Uniform,
)

Point = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its search space; `least` is its smallest value there.

    `noise` is the standard deviation of what is added to each reported value.
    """

    name: str
    space: SearchSpace
    value: Callable[[Point], float]
    least: float
    noise: float = 0.0


def _branin(p: Point) -> float:
    x, y = p["x"], p["y"]
    inner = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return float(inner**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


_ALPHA = np.array([1.0, 1.2, 3.0, 3.2])
_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def _hartmann(p: Point) -> float:
    x = np.array([p[f"x{i}"] for i in range(6)])
    return float(-_ALPHA @ np.exp(-np.sum(_A * (x - _P) ** 2, axis=1)))


def _rosenbrock(p: Point) -> float:
    x = [p["x"], p["y"], p["whole"], p["choice"]]
    return float(sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)))


def _ackley(p: Point) -> float:
    # The optimum is not in the middle of the range, but at 10^0.5.
    x = np.array([math.log10(p[f"x{i}"]) - 0.5 for i in range(4)])
    near = -20 * math.exp(-0.2 * math.sqrt(float(np.mean(x**2))))
    return near - math.exp(float(np.mean(np.cos(2 * math.pi * x)))) + 20 + math.e


_BRANIN = Function(
    "Branin",
    SearchSpace((Parameter("x", Uniform(-5.0, 10.0)), Parameter("y", Uniform(0.0, 15.0)))),
    _branin,
    0.397887,
)
FUNCTIONS = (
    _BRANIN,
    Function(
        "Hartmann, 6 dimensions",
        SearchSpace(tuple(Parameter(f"x{i}", Uniform(0.0, 1.0)) for i in range(6))),
        _hartmann,
        -3.32237,
    ),
    Function(
        "Rosenbrock, mixed",
        SearchSpace(
            (
                Parameter("choice", Categorical((-1, 0, 1, 2))),
                Parameter("whole", IntUniform(-2, 2)),
                Parameter("x", Uniform(-2.0, 2.0)),
                Parameter("y", Uniform(-2.0, 2.0)),
            )
        ),
        _rosenbrock,
        0.0,
    ),
    Function(
        "Ackley, logarithmic",
        SearchSpace(tuple(Parameter(f"x{i}", LogUniform(1e-3, 1e3)) for i in range(4))),
        _ackley,
        0.0,
    ),
)
_CATEGORIES = ("a", "b", "c", "d", "e")
# The cost of each category of each parameter, 0 for the best one.
_COSTS = np.random.default_rng(20).permuted(np.tile(np.linspace(0.0, 1.0, 5), (8, 1)), axis=1)


def _categorical(p: Point) -> float:
    costs = [float(_COSTS[i][_CATEGORIES.index(p[f"c{i}"])]) for i in range(8)]
    # Neighbors that are both bad cost more than their sum.
    return sum(costs) + sum(a * b for a, b in pairwise(costs))


def _conditional(p: Point) -> float:
    match p["model"]:
        case "linear":
            return 0.5 + 0.1 * abs(math.log10(p["c"]) - 1.0)
        case "tree":
            return float(0.2 + abs(p["max_depth"] - 7) / 20 + (p["features"] - 0.3) ** 2)
    widths = [p[f"width_{i}"] for i in range(3) if f"width_{i}" in p]
    uneven = sum(abs(math.log2(width) - 6) for width in widths) / (4 * len(widths))
    return float(0.1 * abs(math.log10(p["lr"]) + 2.5) + uneven + 0.1 * abs(p["layers"] - 2))


def _styblinski_tang(p: Point) -> float:
    x = np.array([p[f"x{i:02}"] for i in range(20)])
    return float(np.mean(x**4 - 16 * x**2 + 5 * x)) / 2


_NET = (Condition("model", ("net",)),)
_TREE = (Condition("model", ("tree",)),)

# A function of each kind, of 2 to 20 dimensions.
KINDS = (
    Function(f"{_BRANIN.name}, noisy", _BRANIN.space, _BRANIN.value, _BRANIN.least, noise=2.0),
    *(each for each in FUNCTIONS if each.name in ("Rosenbrock, mixed", "Ackley, logarithmic")),
    Function(
        "8 categories",
        SearchSpace(tuple(Parameter(f"c{i}", Categorical(_CATEGORIES)) for i in range(8))),
        _categorical,
        0.0,
    ),
    Function(
        "Conditional",
        SearchSpace(
            (
                Parameter("model", Categorical(("linear", "tree", "net"))),
                Parameter("c", LogUniform(1e-3, 1e3), (Condition("model", ("linear",)),)),
                Parameter("max_depth", IntUniform(1, 20), _TREE),
                Parameter("features", Uniform(0.0, 1.0), _TREE),
                Parameter("lr", LogUniform(1e-5, 1e-1), _NET),
                Parameter("layers", IntUniform(1, 3), _NET),
                Parameter("width_0", IntLogUniform(4, 1024), _NET),
                Parameter("width_1", IntLogUniform(4, 1024), (Condition("layers", (2, 3)),)),
                Parameter("width_2", IntLogUniform(4, 1024), (Condition("layers", (3,)),)),
            )
        ),
        _conditional,
        0.0,
    ),
    Function(
        "Styblinski-Tang, 20 dimensions",
        SearchSpace(tuple(Parameter(f"x{i:02}", Uniform(-5.0, 5.0)) for i in range(20))),
        _styblinski_tang,
        -39.16617,
    ),
)
