"""The points of a grid over a search space, computed by index instead of stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from wanllmdb_common.search_space.conditions import parents_first
from wanllmdb_common.search_space.distributions import (
    Categorical,
    Condition,
    Parameter,
    ParameterValue,
    SearchSpace,
    same_value,
)
from wanllmdb_common.search_space.grid_axis import GRID_POINTS, GridAxis, axis, how_cut, is_cut

# The number of counts that a grid stores; far more than hand-written conditions lead to.
MAX_COUNTS = 20_000


class EntangledConditionsError(ValueError):
    """Too many parameters depend on too many others to count the points."""

    def __init__(self) -> None:
        super().__init__(
            "the conditions tie too many parameters together for a grid: let parameters depend "
            "on fewer others at a time, or use another method"
        )


class Step(NamedTuple):
    """A parameter's part of a point.

    Attributes:
        name: The name of the parameter.
        size: The number of consecutive points with the same values up to this parameter.
        offset: The index of the point among them.
    """

    name: str
    size: int
    offset: int


class Grid:
    """Every point of a space once.

    Parameters are ordered by name, and the last one varies fastest. A parameter with conditions
    comes after the parameters that they name, and a point has only the parameters that a run
    with its values has. Probabilities of categories and constraints are ignored; see
    `grid_search.py` for constraints. Memory and time of every call are independent of the
    grid's size. Not thread-safe.

    Attributes:
        size: The number of points.
        notes: Notes for the user on how the grid was made.

    Raises:
        EntangledConditionsError: the points can't be counted.
        CycleError: the conditions form a cycle.
    """

    def __init__(self, space: SearchSpace, grid_points: int = GRID_POINTS) -> None:
        self._tree = _Tree(parents_first(space), grid_points)
        self.size = self._tree.size
        self.notes = list(_notes(space, grid_points))

    def point(self, index: int) -> dict[str, ParameterValue]:
        """Return the parameters at `index`, ordered by name.

        Raises:
            IndexError: not in [0, size).
        """
        return self.walk(index)[0]

    def walk(self, index: int) -> tuple[dict[str, ParameterValue], list[Step]]:
        """Return the parameters at `index`, ordered by name, and the steps that lead there.

        Raises:
            IndexError: not in [0, size).
        """
        if not 0 <= index < self.size:
            raise IndexError(index)
        found, steps = self._tree.walk(index)
        return dict(sorted(found.items())), steps

    def index_of(self, parameters: Mapping[str, ParameterValue]) -> int | None:
        """Return the index of the point with these parameters; None if they are not on the grid."""
        return self._tree.index_of(parameters)

    def values(self, name: str) -> GridAxis:
        """Return the values of a parameter on the grid."""
        return self._tree.values(name)


@dataclass(slots=True)
class _Level:
    """A parameter in the order of the grid, and the levels that depend on its value.

    The *signature* of a value has one bit for each condition of other parameters that the value
    satisfies. It is 0 for a value that satisfies none, and for an absent parameter. Later
    levels depend on the signature only.

    Attributes:
        name: The name of the parameter.
        values: Its values on the grid.
        needs: The conditions for its presence: levels, and bits of their signatures.
        special: The indexes of values with a signature, ascending, each with its signature.
        shares: The number of values with each signature.
        parts: The later parameters that depend on it, directly or indirectly, fall into
            independent parts; this holds the first level of each part.
        outside: The earlier levels on which it, or a part of it, depends.
        is_independent: Whether it depends on no level, and no level on it, which is the
            most frequent case.
    """

    name: str
    values: GridAxis
    needs: list[tuple[int, int]] = field(default_factory=list)
    special: list[tuple[int, int]] = field(default_factory=list)
    shares: dict[int, int] = field(default_factory=dict)
    parts: list[int] = field(default_factory=list)
    outside: list[int] = field(default_factory=list)
    is_independent: bool = False


class _Tree:
    """Counts the points below each choice, once for all choices with the same consequences."""

    def __init__(self, order: Sequence[Parameter], grid_points: int) -> None:
        self._levels = [_Level(p.name, axis(p.distribution, grid_points)) for p in order]
        self._level_index = {parameter.name: i for i, parameter in enumerate(order)}
        self._counts: dict[tuple[int, ...], int] = {}
        self._tie(order)
        self._roots = self._split(order)
        nothing = [0] * len(order)
        self.size = self._product(self._roots, nothing)

    def values(self, name: str) -> GridAxis:
        """Return the values of a parameter on the grid."""
        return self._levels[self._level_index[name]].values

    def walk(self, index: int) -> tuple[dict[str, ParameterValue], list[Step]]:
        """Return the values at `index` and the steps that lead there."""
        point: dict[str, ParameterValue] = {}
        steps: list[Step] = []
        signatures = [0] * len(self._levels)
        rest = self.size
        for i, level in enumerate(self._levels):
            if level.is_independent:
                rest //= level.values.size
                choice, index = divmod(index, rest)
                point[level.name] = level.values[choice]
                steps.append(Step(level.name, rest, index))
                continue
            # The points below a choice: the product of its parts, times the other parts.
            others = rest // self._count(i, signatures)
            if self._is_there(level, signatures):
                for first, signature, run in self._runs(level):
                    signatures[i] = signature
                    rest = others * self._product(level.parts, signatures)
                    if index < run * rest:
                        skipped, index = divmod(index, rest)
                        point[level.name] = level.values[first + skipped]
                        steps.append(Step(level.name, rest, index))
                        break
                    index -= run * rest
            else:
                rest = others * self._product(level.parts, signatures)
        return point, steps

    def index_of(self, parameters: Mapping[str, ParameterValue]) -> int | None:
        """Return the index of the point; None if it is not on the grid."""
        index = 0
        signatures = [0] * len(self._levels)
        rest = self.size
        for i, level in enumerate(self._levels):
            if level.is_independent:
                if level.name not in parameters:
                    return None
                position = level.values.position(parameters[level.name])
                if position is None:
                    return None
                rest //= level.values.size
                index += position * rest
                continue
            others = rest // self._count(i, signatures)
            if not self._is_there(level, signatures):
                if level.name in parameters:
                    return None
                rest = others * self._product(level.parts, signatures)
                continue
            if level.name not in parameters:
                return None
            position = level.values.position(parameters[level.name])
            if position is None:
                return None
            for first, signature, run in self._runs(level):
                signatures[i] = signature
                rest = others * self._product(level.parts, signatures)
                before = min(position - first, run)
                index += before * rest
                if before < run:
                    break
        return index

    def _tie(self, order: Sequence[Parameter]) -> None:
        """Compute `needs`, `special` and `shares`."""
        asked: dict[int, list[frozenset[int]]] = {}
        for i, parameter in enumerate(order):
            for condition in parameter.conditions:
                parent = self._level_index[condition.parameter]
                indexes = self._indexes(self._levels[parent].values, condition)
                of_parent = asked.setdefault(parent, [])
                if indexes not in of_parent:
                    of_parent.append(indexes)
                self._levels[i].needs.append((parent, 1 << of_parent.index(indexes)))
        for i, level in enumerate(self._levels):
            signatures: Counter[int] = Counter()
            for bit, indexes in enumerate(asked.get(i, ())):
                for index in indexes:
                    signatures[index] += 1 << bit
            level.special = sorted(signatures.items())
            level.shares = dict(Counter(signatures.values()))
            if len(signatures) < level.values.size:
                level.shares[0] = level.values.size - len(signatures)

    def _split(self, order: Sequence[Parameter]) -> list[int]:
        """Compute `parts` and `outside`; return the first levels of the independent top parts.

        From the last level to the first, each level joins the parts that depend on it.
        """
        dependents: dict[int, list[int]] = {}
        part_of = list(range(len(order)))
        for i, level in enumerate(self._levels):
            for parent, _ in level.needs:
                dependents.setdefault(parent, []).append(i)

        def first(i: int) -> int:
            while part_of[i] != i:
                part_of[i] = part_of[part_of[i]]
                i = part_of[i]
            return i

        for i in reversed(range(len(order))):
            level = self._levels[i]
            level.parts = sorted({first(dependent) for dependent in dependents.get(i, ())})
            outside = {parent for parent, _ in level.needs}
            for part in level.parts:
                part_of[part] = i
                outside.update(self._levels[part].outside)
            level.outside = sorted(outside - {i})
            level.is_independent = not level.needs and not level.parts
        return [i for i in range(len(order)) if first(i) == i]

    def _count(self, i: int, signatures: list[int]) -> int:
        """Return the number of points of the part that begins with level `i`, given the choices."""
        level = self._levels[i]
        key = (i, *(signatures[parent] for parent in level.outside))
        known = self._counts.get(key)
        if known is not None:
            return known
        if len(self._counts) >= MAX_COUNTS:
            raise EntangledConditionsError
        before = signatures[i]
        total = 0
        choices = level.shares if self._is_there(level, signatures) else {0: 1}
        for signature, share in choices.items():
            signatures[i] = signature
            total += share * self._product(level.parts, signatures)
        signatures[i] = before
        self._counts[key] = total
        return total

    def _product(self, parts: Sequence[int], signatures: list[int]) -> int:
        product = 1
        for part in parts:
            product *= self._count(part, signatures)
        return product

    @staticmethod
    def _indexes(values: GridAxis, condition: Condition) -> frozenset[int]:
        """Return the indexes of the values that satisfy the condition."""
        indexes = ((values.position(value), value) for value in condition.values)
        return frozenset(
            index
            for index, value in indexes
            if index is not None and same_value(values[index], value)
        )

    @staticmethod
    def _is_there(level: _Level, signatures: Sequence[int]) -> bool:
        return all(signatures[parent] & bit for parent, bit in level.needs)

    @staticmethod
    def _runs(level: _Level) -> Iterator[tuple[int, int, int]]:
        """Yield stretches of values with the same signature: first index, signature, length."""
        start = 0
        for index, signature in level.special:
            if start < index:
                yield start, 0, index - start
            yield index, signature, 1
            start = index + 1
        if start < level.values.size:
            yield start, 0, level.values.size - start


def _notes(space: SearchSpace, grid_points: int) -> Iterator[str]:
    for parameter in space.parameters:
        distribution = parameter.distribution
        if is_cut(distribution):
            yield f"parameter '{parameter.name}' {how_cut(distribution, grid_points)}"
        if isinstance(distribution, Categorical) and distribution.probabilities:
            yield (
                f"parameter '{parameter.name}' has probabilities, which a grid ignores: "
                "it tries every value equally often"
            )
    if space.constraints:
        yield "points that violate a constraint are skipped; the grid's size counts them"


__all__ = ["GRID_POINTS", "EntangledConditionsError", "Grid", "GridAxis", "Step", "axis"]
