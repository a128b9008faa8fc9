"""A whole search space as Optuna distributions, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution

from wanllmdb_common.search_space.conditions import (
    has_conditions,
    holds,
    is_active,
    parents_first,
)
from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_suggestion.study.dimension import Dimension, Fixed, dimension


class SpaceMapping:
    """The searched dimensions of a space and its fixed values.

    Attributes:
        dimensions: The searched parameters, by name, in the space's order.
        distributions: What Optuna samples, by name, in the space's order.
        in_order: The names of all parameters, each after those that its conditions name.
        has_conditions: Whether some run may lack a parameter.
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
        """Whether a run with these values has the parameter.

        `values` holds, of the parameters before it in `in_order`, those that the run has.
        """
        return is_active(self._parameters[name], values)

    def is_complete(self, parameters: Mapping[str, ParameterValue]) -> bool:
        """Whether every parameter that a run with these values has is among them."""
        there: dict[str, ParameterValue] = {}
        for name, parameter in self._parameters.items():
            if is_active(parameter, there):
                if name not in parameters:
                    return False
                there[name] = parameters[name]
        return True

    def missing(self, given: Mapping[str, ParameterValue]) -> dict[str, BaseDistribution]:
        """The searched dimensions that may need a value: not given, and not known to be inactive.

        Whether one with conditions does need it may depend on others that are missing.
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
        """The searched parameters among `parameters`, for Optuna."""
        return {
            name: searched.encode(parameters[name])
            for name, searched in self.dimensions.items()
            if name in parameters
        }

    def complete(
        self, given: Mapping[str, ParameterValue], drawn: Mapping[str, Any]
    ) -> dict[str, ParameterValue]:
        """A run's parameters, by name in order: given ones as they are, drawn ones decoded.

        Those that a run with these values does not have are left out, whether
        given or drawn; nothing need be drawn for them.
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
