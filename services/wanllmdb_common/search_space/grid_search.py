"""The points of a grid that meet the space's constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from wanllmdb_common.search_space.constraints import Constraints, Expression
from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_common.search_space.grid import GRID_POINTS, Grid, Step

# How many ways to go on from some values are tried before it is assumed that one may do.
_MAX_WAYS = 200
# How many points are looked at where a sweep is to be refused, about 0.2 s.
MAX_TRIAL_LOOKS = 4_000


class GridSearch:
    """Finds the next point of a grid that meets the constraints. Not thread-safe.

    A point that breaks one takes with it all points in a row that break it for the
    same reason: those with the same values up to the last one that it names, or even
    up to an earlier one, where no value of the rest would help.

    Attributes:
        grid: All points.
    """

    def __init__(self, space: SearchSpace, grid_points: int = GRID_POINTS) -> None:
        self.grid = Grid(space, grid_points)
        self._expressions = Constraints(space).expressions
        self._always_there = {p.name for p in space.parameters if not p.conditions}
        self._hopeless: dict[tuple[str, int, int], bool] = {}
        # How many ways to go on were looked at.
        self._tried = 0

    @property
    def is_constrained(self) -> bool:
        """Whether some points may be left out."""
        return bool(self._expressions)

    def is_wanted(self, index: int) -> bool:
        """Whether the point at `index` meets all constraints."""
        if not self._expressions:
            return True
        point = self.grid.point(index)
        return all(expression.holds(point) for expression in self._expressions)

    def first_from(self, index: int, looks: int | None = None) -> int | None:
        """The first index from `index` on whose point meets all constraints.

        Args:
            index: Not negative; may be beyond the grid.
            looks: At most about so many points, or ways to go on, are looked at; all that
                it takes by default.

        Returns:
            None where there is none, or none was found.
        """
        while index < self.grid.size:
            if not self._expressions:
                return index
            point, steps = self.grid.walk(index)
            broken = next((e for e in self._expressions if not e.holds(point)), None)
            if broken is None:
                return index
            before = self._tried
            index = self._beyond(index, broken, point, steps)
            if looks is not None:
                looks -= 1 + self._tried - before
                if looks <= 0:
                    return None
        return None

    def _beyond(
        self,
        index: int,
        broken: Expression,
        point: Mapping[str, ParameterValue],
        steps: Sequence[Step],
    ) -> int:
        """The first index beyond those that break the expression as this point does."""
        named = [step for step in steps if step.name in broken.names]
        known = {step.name: point[step.name] for step in named}
        open_names: list[str] = []
        while True:
            last = named.pop()
            open_names.append(last.name)
            del known[last.name]
            start = index - named[-1].offset if named else 0
            if not self._is_hopeless(broken, known, open_names, start):
                return index - last.offset + last.size
            if not named:
                return self.grid.size

    def _is_hopeless(
        self,
        expression: Expression,
        known: Mapping[str, ParameterValue],
        open_names: Sequence[str],
        start: int,
    ) -> bool:
        """Whether no values of the open ones meet the expression beside the known ones.

        `start` is the first index with the known ones, so that both need be looked at once only.
        """
        if not self._always_there.issuperset(open_names):
            # Without one of its parameters it would be met.
            return False
        key = (expression.text, len(known), start)
        if key not in self._hopeless:
            # Points ascend, so what was worked out long ago is not asked for again.
            if len(self._hopeless) > 10_000:
                self._hopeless.clear()
            self._hopeless[key] = not self._may_hold(expression, dict(known), list(open_names))
        return self._hopeless[key]

    def _may_hold(
        self, expression: Expression, values: dict[str, ParameterValue], open_names: list[str]
    ) -> bool:
        ways = 1
        for name in open_names:
            ways *= self.grid.values(name).size
        return ways > _MAX_WAYS or self._some_hold(expression, values, open_names)

    def _some_hold(
        self, expression: Expression, values: dict[str, ParameterValue], open_names: list[str]
    ) -> bool:
        if not open_names:
            self._tried += 1
            return expression.holds(values)
        name, *others = open_names
        axis = self.grid.values(name)
        return any(
            self._some_hold(expression, {**values, name: axis[place]}, others)
            for place in range(axis.size)
        )


def grid_infeasibility(space: SearchSpace, grid_points: int = GRID_POINTS) -> str | None:
    """Why no point of the grid seems to meet the constraints; None where one was found.

    Looks at the grid in order and at random places. A grid of which very few points
    meet them may be refused like one of which none does.

    Args:
        space: Its constraints must be readable.
        grid_points: As for the `Grid`.
    """
    search = GridSearch(space, grid_points)
    size = search.grid.size
    if search.first_from(0, looks=MAX_TRIAL_LOOKS) is not None:
        return None
    if size > MAX_TRIAL_LOOKS:
        random = Random(0)
        for _ in range(MAX_TRIAL_LOOKS // 2):
            # Not randrange, which takes another way in another Python version.
            index = int(random.random() * 2**53) * size >> 53
            if search.is_wanted(index):
                return None
    of = f"the {size:,} points" if size <= MAX_TRIAL_LOOKS else f"those tried of {size:,} points"
    return f"the constraints hold for none of {of} of the grid"
