"""A whole search space as Optuna distributions, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.distributions import BaseDistribution

from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_suggestion.study.dimension import Dimension, Fixed, dimension


class SpaceMapping:
    """The searched dimensions of a space and its fixed values.

    Attributes:
        distributions: What Optuna samples, by name, in the space's order.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._names = [parameter.name for parameter in space.parameters]
        self._fixed: dict[str, ParameterValue] = {}
        self._dimensions: dict[str, Dimension] = {}
        for parameter in space.parameters:
            match dimension(parameter.distribution):
                case Fixed(value=value):
                    self._fixed[parameter.name] = value
                case Dimension() as searched:
                    self._dimensions[parameter.name] = searched
        self.distributions: dict[str, BaseDistribution] = {
            name: searched.distribution for name, searched in self._dimensions.items()
        }

    def is_complete(self, parameters: Mapping[str, ParameterValue]) -> bool:
        """Whether every parameter of the space has a value."""
        return all(name in parameters for name in self._names)

    def missing(self, given: Mapping[str, ParameterValue]) -> dict[str, BaseDistribution]:
        """The searched dimensions without a value."""
        return {name: d for name, d in self.distributions.items() if name not in given}

    def encode(self, parameters: Mapping[str, ParameterValue]) -> dict[str, Any]:
        """The searched parameters among `parameters`, for Optuna."""
        return {
            name: searched.encode(parameters[name])
            for name, searched in self._dimensions.items()
            if name in parameters
        }

    def complete(
        self, given: Mapping[str, ParameterValue], drawn: Mapping[str, Any]
    ) -> dict[str, ParameterValue]:
        """All parameters, by name in order: given ones as they are, drawn ones decoded."""
        point: dict[str, ParameterValue] = {}
        for name in self._names:
            if name in given:
                point[name] = given[name]
            elif name in self._fixed:
                point[name] = self._fixed[name]
            else:
                point[name] = self._dimensions[name].decode(drawn[name])
        return point
