"""Random points of a search space that satisfy its conditions and constraints."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.conditions import is_active, parents_first
from wanllmdb_common.search_space.constraints import Constraints, Expression
from wanllmdb_common.search_space.distributions import Parameter, ParameterValue, SearchSpace
from wanllmdb_common.search_space.quantiles import draw

# Draws of parameters that constraints connect before the search gives up, about 0.2 s.
MAX_DRAWS = 20_000
# Units of work before the search gives up, about a second: a draw of hundreds of parameters, or
# one that is checked against a hundred long constraints, takes a hundred times as long as most.
DRAW_UNITS = 1_000_000
# The draws and seconds after which a new sweep is rejected. Far fewer than above, so that an
# accepted sweep does not reach the limits above later.
MAX_TRIAL_DRAWS = 4_000
MAX_TRIAL_SECONDS = 0.4


class NoPointFoundError(Exception):
    """No point that satisfies the constraints was found.

    Attributes:
        draws: The number of points that were tried.
        worst: The constraint that most of them violated.
        obstacle: Why that constraint could not be computed, if so.
    """

    def __init__(self, draws: int, worst: str, obstacle: str | None = None) -> None:
        self.draws = draws
        self.worst = worst
        self.obstacle = obstacle
        reason = "" if obstacle is None else f", which can't be computed: {obstacle}"
        super().__init__(
            f"no point that meets the constraints was found in {draws} "
            f"{'draw' if draws == 1 else 'draws'}; most of them violated '{worst}'{reason}"
        )


class PointDraws:
    """Draws points of a space. Not thread-safe.

    Parameters that neither conditions nor constraints connect are drawn separately, so that a
    violated constraint costs only new draws of the parameters that it names. The points follow
    the distribution of the whole space, given that the constraints hold.

    Raises:
        ExpressionError: a constraint is invalid.
        CycleError: the conditions form a cycle.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._names = [parameter.name for parameter in space.parameters]
        self._parts = [_Part(*tied) for tied in _tied_together(space)]

    def draw(
        self,
        seed: int,
        given: Mapping[str, ParameterValue] | None = None,
        *,
        max_draws: int = MAX_DRAWS,
        max_seconds: float | None = None,
        budget: WorkBudget | None = None,
    ) -> dict[str, ParameterValue]:
        """Return a point, ordered by name; the same for the same arguments.

        Args:
            seed: Not negative.
            given: Values that are not drawn; those that the run does not have are omitted.
            max_draws: The limit of draws of parameters that constraints connect.
            max_seconds: A time limit; the point itself does not depend on it.
            budget: The budget of the search, `DRAW_UNITS` by default; a draw that has begun
                is completed.

        Raises:
            NoPointFoundError: no point that satisfies the constraints was found.
        """
        random = Random(seed)
        budget = budget or WorkBudget(DRAW_UNITS)
        deadline = None if max_seconds is None else time.monotonic() + max_seconds
        point: dict[str, ParameterValue] = {}
        for part in self._parts:
            point.update(part.draw(random, given or {}, max_draws, deadline, budget))
        return {name: point[name] for name in self._names if name in point}


def draw_point(
    space: SearchSpace, seed: int, given: Mapping[str, ParameterValue] | None = None
) -> dict[str, ParameterValue]:
    """Return one point; for several points create a `PointDraws`."""
    return PointDraws(space).draw(seed, given)


def infeasibility(
    space: SearchSpace, given: Mapping[str, ParameterValue] | None = None
) -> str | None:
    """Return why no point of the space seems to satisfy its constraints; None if one does.

    Takes half a second at most. Constraints that hold for very few points are rejected like
    constraints that hold for none, since no method could draw such points.

    Args:
        space: A space whose constraints are valid.
        given: Values that the point must have.
    """
    try:
        PointDraws(space).draw(0, given, max_draws=MAX_TRIAL_DRAWS, max_seconds=MAX_TRIAL_SECONDS)
    except NoPointFoundError as error:
        return str(error)
    return None


class _Part:
    """Parameters that conditions and constraints connect, parents first."""

    def __init__(self, parameters: Sequence[Parameter], expressions: Sequence[Expression]) -> None:
        self._parameters: list[tuple[Parameter, Callable[[Random], ParameterValue]]] = [
            (parameter, draw(parameter.distribution)) for parameter in parameters
        ]
        self._expressions = expressions
        self._cost = len(parameters) + sum(expression.cost for expression in expressions)

    def draw(
        self,
        random: Random,
        given: Mapping[str, ParameterValue],
        max_draws: int,
        deadline: float | None,
        budget: WorkBudget,
    ) -> dict[str, ParameterValue]:
        """Return values that satisfy the constraints; see `PointDraws.draw`."""
        if not self._expressions:
            return self._once(random, given)[0]
        broken: Counter[Expression] = Counter()
        last: dict[Expression, dict[str, ParameterValue]] = {}
        draws = 0
        while draws < max_draws:
            point, is_random = self._once(random, given)
            draws += 1
            failed = next((e for e in self._expressions if not e.holds(point)), None)
            budget.spend(self._cost, looks=1)
            if failed is None:
                return point
            broken[failed] += 1
            last[failed] = point
            late = deadline is not None and time.monotonic() > deadline
            if not is_random or late or budget.is_spent:
                break
        worst = broken.most_common(1)[0][0]
        raise NoPointFoundError(draws, worst.text, worst.obstacle(last[worst]))

    def _once(
        self, random: Random, given: Mapping[str, ParameterValue]
    ) -> tuple[dict[str, ParameterValue], bool]:
        """Return a draw, and whether another draw could differ."""
        point: dict[str, ParameterValue] = {}
        is_random = False
        for parameter, drawn in self._parameters:
            if parameter.conditions and not is_active(parameter, point):
                continue
            if parameter.name in given:
                point[parameter.name] = given[parameter.name]
            else:
                point[parameter.name] = drawn(random)
                is_random = True
        return point, is_random


def _tied_together(space: SearchSpace) -> list[tuple[list[Parameter], list[Expression]]]:
    """Return groups of connected parameters with their expressions; all others form one group."""
    expressions = Constraints(space).expressions
    group = {parameter.name: parameter.name for parameter in space.parameters}

    def find(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for parameter in space.parameters:
        for condition in parameter.conditions:
            group[find(parameter.name)] = find(condition.parameter)
    for expression in expressions:
        first, *others = expression.names
        for other in others:
            group[find(other)] = find(first)
    constrained = {find(name) for expression in expressions for name in expression.names}
    parts: dict[str, tuple[list[Parameter], list[Expression]]] = {}
    for parameter in parents_first(space):
        root = find(parameter.name)
        parts.setdefault(root if root in constrained else "", ([], []))[0].append(parameter)
    for expression in expressions:
        parts[find(next(iter(expression.names)))][1].append(expression)
    return list(parts.values())
