"""The probabilities of the points of a discrete space under the config's distributions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.constraints import Constraints
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntUniform,
    ParameterValue,
    SearchSpace,
    same_value,
)
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.quantiles import quantile

# The draws from which the share of the space that satisfies the constraints is estimated, and the
# budget for them, about 0.2 s.
SHARE_DRAWS = 1_000
SHARE_UNITS = 200_000

# Random numbers have no finer resolution.
_RESOLUTION = 2**53

# Values of one parameter whose probabilities are cached.
_KEPT_VALUES = 4_096


def mass(distribution: Distribution) -> Callable[[Any], float]:
    """Return a function from a value of a discrete distribution to its probability."""
    match distribution:
        case Constant():
            return lambda value: 1.0
        case Categorical(values=values, probabilities=probabilities):
            weights = probabilities or (1.0,) * len(values)
            total = math.fsum(weights)

            def share(value: Any) -> float:
                at = next(i for i, each in enumerate(values) if same_value(each, value))
                return weights[at] / total

            return share
        case IntUniform(min=low, max=high, q=q):
            even = 1 / ((high - low) // q + 1)
            return lambda value: even
        case _:
            of = quantile(distribution)

            @lru_cache(_KEPT_VALUES)
            def between(value: Any) -> float:
                start = _first(lambda u: bool(of(u) >= value))
                return (_first(lambda u: bool(of(u) > value), start) - start) / _RESOLUTION

            return between


class PointMasses:
    """The probabilities of a discrete space's points, given that its constraints hold."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._of = {p.name: mass(p.distribution) for p in space.parameters}
        self._share: float | None = None

    def of(self, point: Mapping[str, ParameterValue]) -> float:
        """Return the probability that one draw is this point of the space."""
        if self._share is None:
            self._share = _share_that_meets(self._space)
        return math.prod(self._of[name](value) for name, value in point.items()) / self._share


def _first(holds: Callable[[float], bool], above: int = 0) -> int:
    """Return the first step of the resolution, from `above` on, at which `holds` is true."""
    below = _RESOLUTION
    while above < below:
        middle = (above + below) // 2
        if holds(middle / _RESOLUTION):
            below = middle
        else:
            above = middle + 1
    return above


def _share_that_meets(space: SearchSpace) -> float:
    """Return the share of draws that satisfy the constraints: reproducible, and above 0."""
    if not space.constraints:
        return 1.0
    constraints = Constraints(space)
    draws = PointDraws(replace(space, constraints=()))
    cost = len(space.parameters) + sum(e.cost for e in constraints.expressions)
    budget = WorkBudget(SHARE_UNITS)
    met = seed = 0
    while seed < SHARE_DRAWS and not budget.is_spent:
        met += constraints.hold(draws.draw(seed))
        budget.spend(cost, looks=1)
        seed += 1
    return max(met, 1) / seed
