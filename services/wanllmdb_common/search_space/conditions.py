"""Which parameters a run has, given the values of the parameters that conditions name."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from wanllmdb_common.search_space.distributions import (
    Condition,
    Parameter,
    ParameterValue,
    SearchSpace,
    contains,
    same_value,
)


def is_active(parameter: Parameter, values: Mapping[str, ParameterValue]) -> bool:
    """Whether a run with these values has the parameter.

    Args:
        parameter: A parameter of the space.
        values: The run's parameters. Those that conditions name must be decided: present if
            the run has them, else absent.
    """
    return all(holds(condition, values) for condition in parameter.conditions)


def holds(condition: Condition, values: Mapping[str, ParameterValue]) -> bool:
    """Whether a run with these values satisfies the condition."""
    if condition.parameter not in values:
        return False
    value = values[condition.parameter]
    return any(same_value(value, wanted) for wanted in condition.values)


def parents_first(space: SearchSpace) -> tuple[Parameter, ...]:
    """Return the parameters by name, but each after the parameters that its conditions name.

    Raises:
        CycleError: the conditions form a cycle.
    """
    if not has_conditions(space):
        return space.parameters
    by_name = {parameter.name: parameter for parameter in space.parameters}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for parameter in space.parameters:
        sorter.add(parameter.name, *(c.parameter for c in parameter.conditions))
    sorter.prepare()
    order: list[Parameter] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        name = ready.pop(0)
        sorter.done(name)
        if name in by_name:
            order.append(by_name[name])
    return tuple(order)


def has_conditions(space: SearchSpace) -> bool:
    """Whether a run of the space may lack a parameter."""
    return any(parameter.conditions for parameter in space.parameters)


def active_only(
    space: SearchSpace, values: Mapping[str, ParameterValue]
) -> dict[str, ParameterValue]:
    """Return the values of the parameters that a run with these values has, by name."""
    kept: dict[str, ParameterValue] = {}
    for parameter in parents_first(space):
        if parameter.name in values and is_active(parameter, kept):
            kept[parameter.name] = values[parameter.name]
    return dict(sorted(kept.items()))


def demanded(
    space: SearchSpace, given: Mapping[str, ParameterValue]
) -> dict[str, tuple[ParameterValue, ...]]:
    """Return the values that missing parameters may have so that a run can have the given ones.

    By name, for the parameters that the conditions of given ones name, directly or indirectly.
    The values are empty if conditions contradict each other. The given values may rule out
    more values, which is not checked.
    """
    distributions = {parameter.name: parameter.distribution for parameter in space.parameters}
    found: dict[str, tuple[ParameterValue, ...]] = {}
    # Children first, so that what they demand of a parent is known when the parent follows.
    for parameter in reversed(parents_first(space)):
        if parameter.name not in given and parameter.name not in found:
            continue
        for condition in parameter.conditions:
            parent = condition.parameter
            if parent not in given:
                known = found.get(parent, condition.values)
                found[parent] = tuple(
                    value
                    for value in known
                    if contains(distributions[parent], value)
                    and any(same_value(value, wanted) for wanted in condition.values)
                )
    return found


__all__ = [
    "CycleError",
    "active_only",
    "demanded",
    "has_conditions",
    "holds",
    "is_active",
    "parents_first",
]
