"""The points of a grid that satisfy the space's constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.constraints import Constraints, Expression
from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_common.search_space.grid import GRID_POINTS, Grid, Step

# The number of combinations of open values that are tried before one is assumed to hold.
_MAX_WAYS = 200
# The budget of each of two searches, in order and at random indexes, before a sweep is rejected:
# together half a second at most.
TRIAL_UNITS = 150_000
# The largest number of points that are examined at random indexes then.
MAX_TRIAL_LOOKS = 4_000


class SearchPausedError(Exception):
    """A search spent its budget before it found a point or reached the end.

    Attributes:
        index: The index at which the search resumes.
    """

    def __init__(self, index: int) -> None:
        self.index = index
        super().__init__(f"the search paused at {index}")


class GridSearch:
    """Finds the next point of a grid that satisfies the constraints. Not thread-safe.

    When a point violates a constraint, the search skips all following points that violate it
    for the same reason: those with the same values up to the last parameter that the constraint
    names, or up to an earlier one, where no values of the later ones can satisfy it.

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
        """Whether some points may be skipped."""
        return bool(self._expressions)

    def is_wanted(self, index: int, budget: WorkBudget | None = None) -> bool:
        """Whether the point at `index` satisfies all constraints.

        Args:
            index: The index of a point.
            budget: Charged for the evaluation, where given.
        """
        if not self._expressions:
            return True
        return self._broken(self.grid.point(index), budget or WorkBudget(0)) is None

    def first_from(self, index: int, budget: WorkBudget) -> int | None:
        """Return the first index from `index` on whose point satisfies all constraints, or None.

        Args:
            index: Not negative; may be beyond the grid.
            budget: The budget of the search.

        Raises:
            SearchPausedError: the budget is spent.
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
        """Return the first constraint that the point violates, or None."""
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
        """Return the first index after the points that violate the expression as this one does."""
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
        """Whether no values of the open parameters satisfy the expression with the known values.

        `start` is the first index with the known values; the result is cached by it.
        """
        if not self._always_there.issuperset(open_names):
            # An expression holds for a run that lacks one of its parameters.
            return False
        key = (expression.text, len(known), start)
        if key not in self._hopeless:
            # Indexes ascend, so old entries are not needed again.
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
            self._some_hold(expression, {**values, name: axis[index]}, others, budget)
            for index in range(axis.size)
        )


def grid_infeasibility(space: SearchSpace, grid_points: int = GRID_POINTS) -> str | None:
    """Return why no point of the grid seems to satisfy the constraints; None if one was found.

    Examines the grid in order and at random indexes. A grid with very few such points may be
    rejected like a grid with none.

    Args:
        space: A space whose constraints are valid.
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
        # Not randrange, whose results may differ between Python versions.
        index = int(random.random() * 2**53) * size >> 53
        if search.is_wanted(index, budget):
            return None
    return (
        f"of the {size:,} points of the grid, the constraints hold for none of those tried: the "
        f"first {in_order:,} that no other point rules out, and {budget.looks:,} at random "
        "indexes; loosen the constraints, or use method random"
    )
