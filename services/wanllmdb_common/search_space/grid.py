"""The points of a grid over a search space, by index, without holding them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from statistics import NormalDist

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    LogUniform,
    Normal,
    ParameterValue,
    Quantized,
    SearchSpace,
    Uniform,
    same_value,
)
from wanllmdb_common.search_space.steps import SteppedRange, round_to_multiple

# Into how many values a continuous parameter without q is cut.
CUTS = 10


def axis(distribution: Distribution) -> Sequence[ParameterValue]:
    """The values of one parameter on the grid, each once."""
    match distribution:
        case Constant(value=value):
            return (value,)
        case Categorical(values=values):
            return values
        case IntUniform(min=low, max=high, q=q) | IntLogUniform(min=low, max=high, q=q):
            return range(low, high + 1, q)
        case Uniform(min=low, max=high, q=None):
            return [low + (high - low) * i / (CUTS - 1) for i in range(CUTS - 1)] + [high]
        case LogUniform(min=low, max=high, q=None):
            ratio = math.log(high / low)
            inner = [low * math.exp(ratio * i / (CUTS - 1)) for i in range(1, CUTS - 1)]
            return [low, *inner, high]
        case Uniform(min=low, max=high, q=float(q)) | LogUniform(min=low, max=high, q=float(q)):
            return SteppedRange(low, high, q)
        case Normal(mu=mu, sigma=sigma):
            return _quantiles(mu, sigma)
        case Quantized(law=Normal(mu=mu, sigma=sigma), q=q):
            return sorted({round_to_multiple(v, q) for v in _quantiles(mu, sigma)})
    raise TypeError(f"no grid for {distribution!r}")


def _quantiles(mu: float, sigma: float) -> list[float]:
    law = NormalDist(mu, sigma)
    return [law.inv_cdf((i + 0.5) / CUTS) for i in range(CUTS)]


class Grid:
    """Every point of a space once: parameters by name, the last one fastest.

    Memory and time of every call are independent of the grid's size.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._axes = [(p.name, axis(p.distribution)) for p in space.parameters]
        self.notes = [
            f"parameter '{p.name}' is continuous and has no q: its grid is {CUTS} values "
            + _how_cut(p.distribution)
            for p in space.parameters
            if isinstance(p.distribution, Uniform | LogUniform) and p.distribution.q is None
        ]
        self.notes += [
            f"parameter '{p.name}' has a normal law, which has no bounds: its grid is "
            f"{len(values)} values at the law's quantiles 0.05, 0.15, ..., 0.95"
            for p, (_, values) in zip(space.parameters, self._axes, strict=True)
            if isinstance(p.distribution, Normal | Quantized)
        ]
        self.size = math.prod(len(values) for _, values in self._axes)

    def point(self, index: int) -> dict[str, ParameterValue]:
        """The parameters at `index`.

        Raises:
            IndexError: not in [0, size).
        """
        if not 0 <= index < self.size:
            raise IndexError(index)
        point: dict[str, ParameterValue] = {}
        for name, values in reversed(self._axes):
            index, at = divmod(index, len(values))
            point[name] = values[at]
        return dict(reversed(point.items()))

    def index_of(self, parameters: Mapping[str, ParameterValue]) -> int | None:
        """The index of the point with these parameters; None when they are not on the grid."""
        index = 0
        for name, values in self._axes:
            if name not in parameters:
                return None
            at = _position(values, parameters[name])
            if at is None:
                return None
            index = index * len(values) + at
        return index


def _how_cut(distribution: Distribution) -> str:
    if isinstance(distribution, LogUniform):
        return "evenly spaced by logarithm"
    return "evenly spaced"


def _position(values: Sequence[ParameterValue], value: ParameterValue) -> int | None:
    if isinstance(values, range):
        if isinstance(value, int) and not isinstance(value, bool) and value in values:
            return values.index(value)
        return None
    if isinstance(values, SteppedRange):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        at = bisect_left(values, float(value))
        return at if at < len(values) and values[at] == value else None
    return next((i for i, v in enumerate(values) if same_value(v, value)), None)
