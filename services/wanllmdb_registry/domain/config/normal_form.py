"""Two specs that mean the same are equal: conditions in order, each parent once."""

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
from wanllmdb_registry.domain.config.wording import INT64


def in_normal_form(space: SearchSpace) -> SearchSpace:
    """The space with the conditions of each parameter by name, one a parent.

    Values are of the type that the parent's have: 1 becomes 1.0 for a float. The
    space must be in order.
    """
    if not any(parameter.conditions for parameter in space.parameters):
        return space
    laws = {parameter.name: parameter.distribution for parameter in space.parameters}
    return replace(
        space,
        parameters=tuple(
            replace(parameter, conditions=_merged(parameter, laws))
            for parameter in space.parameters
        ),
    )


def _merged(parameter: Parameter, laws: dict[str, Distribution]) -> tuple[Condition, ...]:
    values: dict[str, tuple[ParameterValue, ...]] = {}
    for condition in parameter.conditions:
        parent = condition.parameter
        wanted = tuple(as_value_of(laws[parent], value) for value in condition.values)
        values[parent] = in_both(values[parent], wanted) if parent in values else wanted
    return tuple(Condition(parent, values[parent]) for parent in sorted(values))


def as_value_of(law: Distribution, value: ParameterValue) -> ParameterValue:
    """The value as the law would give it: an integer as a float where values are floats."""
    if isinstance(law, Constant | Categorical | IntUniform | IntLogUniform):
        return value
    if isinstance(law, Quantized) and isinstance(law.q, int):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value in INT64:
        return float(value)
    return value


def in_both(
    left: tuple[ParameterValue, ...], right: tuple[ParameterValue, ...]
) -> tuple[ParameterValue, ...]:
    """Those of `left` that are in `right` too."""
    among = set(map(value_key, right))
    return tuple(value for value in left if value_key(value) in among)
