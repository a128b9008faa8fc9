"""The normal form of a space: equivalent specs are equal."""

from __future__ import annotations

from dataclasses import replace

from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Constant,
    Distribution,
    IntLogUniform,
    IntUniform,
    Parameter,
    ParameterValue,
    Quantized,
    SearchSpace,
    value_key,
)
from wanllmdb_registry.domain.config.problems import INT64


def in_normal_form(space: SearchSpace) -> SearchSpace:
    """Return a valid space with one condition for each parent, sorted by the parent's name.

    The values of a condition get the type of the parent's values: 1 becomes 1.0 for a float.
    """
    if not any(parameter.conditions for parameter in space.parameters):
        return space
    distributions = {parameter.name: parameter.distribution for parameter in space.parameters}
    return replace(
        space,
        parameters=tuple(
            replace(parameter, conditions=_merged(parameter, distributions))
            for parameter in space.parameters
        ),
    )


def _merged(parameter: Parameter, distributions: dict[str, Distribution]) -> tuple[Condition, ...]:
    values: dict[str, tuple[ParameterValue, ...]] = {}
    for condition in parameter.conditions:
        parent = condition.parameter
        wanted = tuple(as_value_of(distributions[parent], value) for value in condition.values)
        values[parent] = in_both(values[parent], wanted) if parent in values else wanted
    return tuple(Condition(parent, values[parent]) for parent in sorted(values))


def as_value_of(distribution: Distribution, value: ParameterValue) -> ParameterValue:
    """Return the value in the type that the distribution draws: 1 as 1.0 where it draws floats."""
    if isinstance(distribution, Constant | Categorical | IntUniform | IntLogUniform):
        return value
    if isinstance(distribution, Quantized) and isinstance(distribution.q, int):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value in INT64:
        return float(value)
    return value


def in_both(
    left: tuple[ParameterValue, ...], right: tuple[ParameterValue, ...]
) -> tuple[ParameterValue, ...]:
    """Return the values of `left` that are in `right`, too."""
    among = set(map(value_key, right))
    return tuple(value for value in left if value_key(value) in among)
