"""The points of a grid that meet the space's constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.constraints import Constraints, Expression
from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_common.search_space.grid import GRID_POINTS, Grid, Step

# How many ways to go on from some values are tried before it is assumed that one may do.
_MAX_WAYS = 200
# What is spent on looking where a sweep is to be refused, in order and at random places:
# half a second at most together.
TRIAL_UNITS = 150_000
# How many points are looked at then at random places at most.
MAX_TRIAL_LOOKS = 4_000


class SearchPausedError(Exception):
    """A search spent its budget before it found a point or came to the end.

    Attributes:
        place: Where it goes on: nothing before it need be looked at again.
    """

    def __init__(self, place: int) -> None:
        self.place = place
        super().__init__(f"the search paused at {place}")


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
        self._point_cost = 5 + len(space.parameters)

    @property
    def is_constrained(self) -> bool:
        """Whether some points may be left out."""
        return bool(self._expressions)

    def is_wanted(self, index: int, budget: WorkBudget | None = None) -> bool:
        """Whether the point at `index` meets all constraints.

        Args:
            index: Of a point.
            budget: Spent on it, where given.
        """
        if not self._expressions:
            return True
        return self._broken(self.grid.point(index), budget or WorkBudget(0)) is None

    def first_from(self, index: int, budget: WorkBudget) -> int | None:
        """The first index from `index` on whose point meets all constraints; None for none.

        Args:
            index: Not negative; may be beyond the grid.
            budget: What the search may spend.

        Raises:
            SearchPausedError: nothing is left of the budget.
        """
        if not self._expressions:
            return index if index < self.grid.size else None
        while index < self.grid.size:
            if budget.is_spent:
                raise SearchPausedError(index)
            point, steps = self.grid.walk(index)
            broken = self._broken(point, budget)
            if broken is None:
                return index
            index = self._beyond(index, broken, point, steps, budget)
        return None

    def _broken(self, point: Mapping[str, ParameterValue], budget: WorkBudget) -> Expression | None:
        """The first constraint that the point breaks."""
        cost = self._point_cost
        found = None
        for expression in self._expressions:
            cost += expression.cost
            if not expression.holds(point):
                found = expression
                break
        budget.spend(cost, looks=1)
        return found

    def _beyond(
        self,
        index: int,
        broken: Expression,
        point: Mapping[str, ParameterValue],
        steps: Sequence[Step],
        budget: WorkBudget,
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
            if not self._is_hopeless(broken, known, open_names, start, budget):
                return index - last.offset + last.size
            if not named:
                return self.grid.size

    def _is_hopeless(
        self,
        expression: Expression,
        known: Mapping[str, ParameterValue],
        open_names: Sequence[str],
        start: int,
        budget: WorkBudget,
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
            self._hopeless[key] = not self._may_hold(
                expression, dict(known), list(open_names), budget
            )
        return self._hopeless[key]

    def _may_hold(
        self,
        expression: Expression,
        values: dict[str, ParameterValue],
        open_names: list[str],
        budget: WorkBudget,
    ) -> bool:
        ways = 1
        for name in open_names:
            ways *= self.grid.values(name).size
        return ways > _MAX_WAYS or self._some_hold(expression, values, open_names, budget)

    def _some_hold(
        self,
        expression: Expression,
        values: dict[str, ParameterValue],
        open_names: list[str],
        budget: WorkBudget,
    ) -> bool:
        if not open_names:
            budget.spend(5 + expression.cost)
            return expression.holds(values)
        name, *others = open_names
        axis = self.grid.values(name)
        return any(
            self._some_hold(expression, {**values, name: axis[place]}, others, budget)
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
    budget = WorkBudget(TRIAL_UNITS)
    try:
        if search.first_from(0, budget) is not None:
            return None
    except SearchPausedError:
        pass
    else:
        return f"the constraints hold for none of the {size:,} points of the grid"
    in_order, budget = budget.looks, WorkBudget(TRIAL_UNITS)
    random = Random(0)
    while budget.looks < MAX_TRIAL_LOOKS and not budget.is_spent:
        # Not randrange, which takes another way in another Python version.
        index = int(random.random() * 2**53) * size >> 53
        if search.is_wanted(index, budget):
            return None
    return (
        f"the constraints hold for none of those tried of {size:,} points of the grid: the first "
        f"{in_order:,} that are not ruled out by others, and {budget.looks:,} at random places; "
        "loosen them, or use method random"
    )
