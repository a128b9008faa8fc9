"""The search space as distributions that Optuna samples, with conversions in both ways.

Optuna has no normal distribution, its steps accumulate rounding errors, and its categories
allow few types. So each dimension samples a simple distribution and transforms the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from wanllmdb_common.search_space.conditions import (
    has_conditions,
    holds,
    is_active,
    parents_first,
)
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
    ParameterValue,
    Quantized,
    SearchSpace,
    Uniform,
    value_key,
)
from wanllmdb_common.search_space.quantiles import (
    QUANTILE_MARGIN,
    cardinality,
    cdf,
    nearest_int_step,
    quantile,
)
from wanllmdb_common.search_space.steps import SteppedRange, round_to_multiple


@dataclass(frozen=True, slots=True)
class Dimension:
    """A searched parameter.

    Attributes:
        distribution: The distribution that Optuna samples.
        encode: Converts a value of the parameter to a value of `distribution`. A value
            between steps stays between steps.
        decode: Converts a value of `distribution` to a value of the parameter, on its steps
            and within its bounds.
        cardinality: How many different values `decode` can return; None if they are
            uncountable or infinitely many.
    """

    distribution: BaseDistribution
    encode: Callable[[Any], int | float]
    decode: Callable[[Any], ParameterValue]
    cardinality: int | None = None


@dataclass(frozen=True, slots=True)
class Fixed:
    """A parameter with a single value, which every run gets and no sampler searches."""

    value: ParameterValue


def dimension(distribution: Distribution) -> Dimension | Fixed:
    """Return the dimension of a distribution; `Fixed` if it has a single value."""
    count = cardinality(distribution)
    if count == 1:
        return Fixed(quantile(distribution)(0.0))
    match distribution:
        case Categorical(values=values):
            return _categorical(values)
        case Uniform(min=low, max=high, q=q):
            return _uniform(low, high) if q is None else _stepped_uniform(low, high, q, count)
        case LogUniform(min=low, max=high, q=q):
            return _log_uniform(low, high, q, count)
        case IntUniform(min=low, max=high, q=step):
            last = low + (high - low) // step * step
            step_distribution = IntDistribution(low, last, step=step)
            return Dimension(step_distribution, int, _int_decoder(low, high, step), count)
        case IntLogUniform(min=low, max=high, q=step):
            log_distribution = IntDistribution(low, high, log=True)
            return Dimension(log_distribution, int, _int_decoder(low, high, step), count)
        case Normal() | LogNormal() | Beta():
            return Dimension(_quantiles(), cdf(distribution), quantile(distribution))
        case Quantized(distribution=Uniform() | LogUniform() as inner, q=q):
            return _rounded(inner, q, count)
        case Quantized(distribution=Normal() | LogNormal() | Beta() as inner):
            return Dimension(_quantiles(), cdf(inner), quantile(distribution), count)
        case Constant() | Quantized():
            raise AssertionError(f"{distribution!r} is not a distribution of a search space")


def _categorical(values: tuple[ParameterValue, ...]) -> Dimension:
    # Optuna warns of choices that are lists or dictionaries, and does not distinguish 1 from
    # True. Indices avoid both problems.
    positions = {value_key(value): i for i, value in enumerate(values)}

    def encode(value: ParameterValue) -> int:
        return positions[value_key(value)]

    return Dimension(
        CategoricalDistribution(tuple(range(len(values)))),
        encode,
        lambda index: values[index],
        len(values),
    )


def _uniform(low: float, high: float) -> Dimension:
    width = high - low
    if math.isinf(width):
        # The width overflows a double, so the position between the bounds is sampled.
        return Dimension(
            FloatDistribution(0.0, 1.0),
            lambda value: _clamp((value / 2 - low / 2) / (high / 2 - low / 2), 0.0, 1.0),
            lambda at: _clamp(low * (1 - at) + high * at, low, high),
        )
    return Dimension(FloatDistribution(low, high), float, lambda x: _clamp(float(x), low, high))


def _stepped_uniform(low: float, high: float, q: float, count: int | None) -> Dimension:
    steps = SteppedRange(low, high, q)
    distribution = FloatDistribution(low, steps[len(steps) - 1], step=q)
    return Dimension(distribution, float, steps.nearest, count)


def _log_uniform(low: float, high: float, q: float | None, count: int | None) -> Dimension:
    distribution = FloatDistribution(low, high, log=True)
    if q is None:
        return Dimension(distribution, float, lambda x: _clamp(float(x), low, high))
    return Dimension(distribution, float, SteppedRange(low, high, q).nearest, count)


def _int_decoder(low: int, high: int, q: int) -> Callable[[Any], int]:
    # Integers throughout: Optuna computes in doubles, so that values near 2^63 leave steps
    # and bounds.
    nearest = nearest_int_step(low, high, q)
    return lambda x: nearest(int(x))


def _rounded(distribution: Uniform | LogUniform, q: int | float, count: int | None) -> Dimension:
    """Return the dimension on the scale of the distribution, with values clamped to its bounds."""
    before = dimension(distribution)
    assert isinstance(before, Dimension)
    low, high = distribution.min, distribution.max
    return Dimension(
        before.distribution,
        lambda value: before.encode(_clamp(float(value), low, high)),
        lambda x: round_to_multiple(before.decode(x), q),  # type: ignore[arg-type]  # a float
        count,
    )


def _quantiles() -> FloatDistribution:
    return FloatDistribution(QUANTILE_MARGIN, 1 - QUANTILE_MARGIN)


def _clamp(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


class SpaceMapping:
    """The searched dimensions of a space and its fixed values.

    Attributes:
        dimensions: The searched parameters by name, in the space's order.
        distributions: The distributions that Optuna samples by name, in the space's order.
        in_order: The names of all parameters, each after the parameters in its conditions.
        has_conditions: Whether a run may lack a parameter.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._parameters = {parameter.name: parameter for parameter in parents_first(space)}
        self._names = [parameter.name for parameter in space.parameters]
        self._fixed: dict[str, ParameterValue] = {}
        self.dimensions: dict[str, Dimension] = {}
        for parameter in space.parameters:
            match dimension(parameter.distribution):
                case Fixed(value=value):
                    self._fixed[parameter.name] = value
                case Dimension() as searched:
                    self.dimensions[parameter.name] = searched
        self.distributions: dict[str, BaseDistribution] = {
            name: searched.distribution for name, searched in self.dimensions.items()
        }
        self.in_order = tuple(self._parameters)
        self.has_conditions = has_conditions(space)

    def is_active(self, name: str, values: Mapping[str, ParameterValue]) -> bool:
        """Return whether a run with these values has the parameter.

        `values` holds the run's parameters that precede `name` in `in_order`.
        """
        return is_active(self._parameters[name], values)

    def is_complete(self, parameters: Mapping[str, ParameterValue]) -> bool:
        """Return whether `parameters` has every parameter that a run with these values has."""
        there: dict[str, ParameterValue] = {}
        for name, parameter in self._parameters.items():
            if is_active(parameter, there):
                if name not in parameters:
                    return False
                there[name] = parameters[name]
        return True

    def missing(self, given: Mapping[str, ParameterValue]) -> dict[str, BaseDistribution]:
        """Return the searched dimensions that are neither given nor known to be inactive.

        A dimension with conditions may turn out to be inactive once other missing dimensions
        have values.
        """
        known: dict[str, ParameterValue] = {}
        unknown: set[str] = set()
        missing: set[str] = set()
        for name, parameter in self._parameters.items():
            decided = [c for c in parameter.conditions if c.parameter not in unknown]
            if not all(holds(condition, known) for condition in decided):
                continue
            if name not in given and name not in self._fixed:
                missing.add(name)
                unknown.add(name)
            elif len(decided) < len(parameter.conditions):
                unknown.add(name)
            else:
                known[name] = given[name] if name in given else self._fixed[name]
        return {name: d for name, d in self.distributions.items() if name in missing}

    def encode(self, parameters: Mapping[str, ParameterValue]) -> dict[str, Any]:
        """Return the searched parameters among `parameters`, as values for Optuna."""
        return {
            name: searched.encode(parameters[name])
            for name, searched in self.dimensions.items()
            if name in parameters
        }

    def complete(
        self, given: Mapping[str, ParameterValue], drawn: Mapping[str, Any]
    ) -> dict[str, ParameterValue]:
        """Return a run's parameters in order: given values unchanged, drawn values decoded.

        Parameters that a run with these values does not have are left out, whether given or
        drawn; `drawn` needs no value for them.
        """
        point: dict[str, ParameterValue] = {}
        for name, parameter in self._parameters.items():
            if parameter.conditions and not is_active(parameter, point):
                continue
            if name in given:
                point[name] = given[name]
            elif name in self._fixed:
                point[name] = self._fixed[name]
            else:
                point[name] = self.dimensions[name].decode(drawn[name])
        if not self.has_conditions:
            return point
        return {name: point[name] for name in self._names if name in point}
