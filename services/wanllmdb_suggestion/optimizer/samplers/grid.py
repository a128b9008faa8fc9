"""Grid search: every point of the space once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from typing_extensions import override

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.distributions import Constant, SearchSpace
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.grid import GRID_POINTS
from wanllmdb_common.search_space.grid_search import GridSearch, SearchPausedError
from wanllmdb_common.search_space.shuffle import Shuffle
from wanllmdb_suggestion.optimizer.samplers.sampler import (
    ConstraintsNotMetError,
    Sampler,
    UnfinishedSearchError,
    ask_seed,
)
from wanllmdb_suggestion.optimizer.types import Parameters, RunRecord

# The budget of completing a partly given point, about 0.1 s.
COMPLETION_UNITS = 100_000
# The budget of one search for a point before other callers have their turn, about 0.2 s, and of
# the search for whether a further point exists.
SEARCH_UNITS = 200_000
LOOK_AHEAD_UNITS = 50_000
# The budget without finding any wanted point before the search is given up, about 3 s. The next
# call continues from there.
GIVE_UP_UNITS = 2_000_000
# The most remembered stretches without a wanted point.
_MAX_STRETCHES = 1_000


class GridSampler(Sampler):
    """Proposes the first point in order that meets the constraints and has no run.

    The order is that of the grid, or a random order that follows from the seed. A point counts
    as taken as soon as a run has its parameters, even if a user chose them. The registry decides
    whether a failed run is retried.

    Args:
        space: The search space.
        seed: The seed of the sweep.
        grid_points: The number of values of a parameter without steps.
        shuffle: Whether the order is random.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        grid_points: int = GRID_POINTS,
        shuffle: bool = False,
    ) -> None:
        self._space = space
        self._seed = seed
        self._grid_points = grid_points
        self._search = GridSearch(space, grid_points)
        self._grid = self._search.grid
        self._shuffle = Shuffle(self._grid.size, seed) if shuffle else None
        self._completion_cost = 10 + len(space.parameters)
        # Points are identified by their place in the order. Every place below `_first_free` is
        # taken or unwanted. Of the other places, those in the set are taken, so that the set
        # holds only places that were taken out of order.
        self._first_free = 0
        self._taken: set[int] = set()
        self._expected: set[int] = set()
        self._next = 0
        # No place from a key up to its value is wanted. This follows from the space alone, so
        # an entry stays true.
        self._unwanted: dict[int, int] = {}
        # The budget since the search last found a wanted point or was given up.
        self._fruitless = WorkBudget(GIVE_UP_UNITS)

    @override
    def observe(self, record: RunRecord) -> None:
        place = self._place_of(record.parameters)
        if place is None or place < self._first_free:
            return
        self._taken.add(place)
        self._pass_taken()

    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """Return the next free point, which is the same for every redraw.

        Raises:
            UnfinishedSearchError: the search takes longer than one call may take.
            ConstraintsNotMetError: the search was given up.
        """
        try:
            place = self._first_unexpected(WorkBudget(SEARCH_UNITS))
        except SearchPausedError as pause:
            if self._fruitless.is_spent:
                looks, self._fruitless = self._fruitless.looks, WorkBudget(GIVE_UP_UNITS)
                raise ConstraintsNotMetError(self._why_given_up(looks, pause.place)) from None
            raise UnfinishedSearchError from None
        return None if place >= self._grid.size else self._grid.point(self._index(place))

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """Return the first free point with the given values, from a random place on.

        If no free point is found with `COMPLETION_UNITS`, return a point that was proposed
        before. If no point of the grid meets the constraints, return one that is not on the grid.

        Raises:
            NoPointFoundError: no point with the given values meets the constraints.
        """
        seed = ask_seed(self._seed, number, redraw)
        fallback: Parameters | None = None
        for point in self._completions(given, seed):
            place = self._place_of(point)
            if place is None or not self._is_taken(place):
                return point
            fallback = fallback or point
        return fallback or PointDraws(self._space).draw(seed, given)

    @override
    def expect(self, number: int, parameters: Parameters) -> None:
        place = self._place_of(parameters)
        if place is not None:
            self._expected.add(place)

    @override
    def forget_expected(self) -> None:
        self._expected.clear()
        self._next = self._first_free

    @property
    def is_exhausted(self) -> bool:
        """Whether every point was proposed; False if the search for a free point takes too long."""
        try:
            return self._first_unexpected(WorkBudget(LOOK_AHEAD_UNITS)) >= self._grid.size
        except SearchPausedError:
            return False

    def _first_unexpected(self, budget: WorkBudget) -> int:
        """Return the first wanted place that is neither taken nor expected, or the grid's size.

        Raises:
            SearchPausedError: the budget is spent.
        """
        place = max(self._next, self._first_free)
        while place < self._grid.size:
            # Every taken or expected place is wanted.
            if place in self._taken or place in self._expected:
                place += 1
                continue
            found = self._first_wanted(place, budget)
            # The places after `found` may be taken: then `_first_free` has passed them.
            place = max(found, self._first_free)
            if place == found and place not in self._taken and place not in self._expected:
                break
        self._next = place
        return place

    def _first_wanted(self, place: int, budget: WorkBudget) -> int:
        """Return the first place from `place` on that meets the constraints, or the grid's size.

        Raises:
            SearchPausedError: the budget is spent.
        """
        start = self._unwanted.get(place, place)
        units, looks = budget.left, budget.looks
        try:
            found = self._search_from(start, budget)
        except SearchPausedError as pause:
            self._remember_unwanted(place, pause.place)
            self._fruitless.spend(units - budget.left, budget.looks - looks)
            raise
        self._remember_unwanted(place, found)
        self._fruitless = WorkBudget(GIVE_UP_UNITS)
        return found

    def _search_from(self, place: int, budget: WorkBudget) -> int:
        if self._shuffle is None:
            found = self._search.first_from(place, budget)
            return self._grid.size if found is None else found
        while place < self._grid.size:
            if budget.is_spent:
                raise SearchPausedError(place)
            if self._search.is_wanted(self._shuffle.at(place), budget):
                break
            place += 1
        return place

    def _remember_unwanted(self, start: int, end: int) -> None:
        if start == end:
            return
        if start == self._first_free:
            self._first_free = end
            self._pass_taken()
            return
        if len(self._unwanted) >= _MAX_STRETCHES:
            later = {s: e for s, e in self._unwanted.items() if s > self._first_free}
            self._unwanted = later if len(later) < _MAX_STRETCHES else {}
        self._unwanted[start] = end

    def _pass_taken(self) -> None:
        """Move `_first_free` past all places that are known to be taken or unwanted."""
        while True:
            if self._first_free in self._taken:
                self._taken.remove(self._first_free)
                self._first_free += 1
            elif self._first_free in self._unwanted:
                self._first_free = self._unwanted.pop(self._first_free)
            else:
                return

    def _completions(self, given: Parameters, seed: int) -> Iterator[Parameters]:
        """Yield points with the given values that meet the constraints, from a random one on."""
        parameters = tuple(
            replace(p, distribution=Constant(given[p.name])) if p.name in given else p
            for p in self._space.parameters
        )
        others = GridSearch(replace(self._space, parameters=parameters), self._grid_points)
        start = seed % others.grid.size
        budget = WorkBudget(COMPLETION_UNITS)
        for first, end in ((start, others.grid.size), (0, start)):
            try:
                index = others.first_from(first, budget)
                while index is not None and index < end:
                    yield others.grid.point(index)
                    budget.spend(self._completion_cost)
                    index = others.first_from(index + 1, budget)
            except SearchPausedError:
                return

    def _why_given_up(self, looks: int, place: int) -> str:
        order = "shuffled order" if self._shuffle is not None else "order"
        return (
            f"{looks:,} points were checked; all points up to number {place:,} of "
            f"{self._grid.size:,} in the grid's {order} break a constraint or have a run"
        )

    def _index(self, place: int) -> int:
        return place if self._shuffle is None else self._shuffle.at(place)

    def _place_of(self, parameters: Parameters) -> int | None:
        """Return the place of a point; None if it is not on the grid or breaks a constraint."""
        index = self._grid.index_of(parameters)
        if index is None or not self._search.is_wanted(index):
            return None
        return index if self._shuffle is None else self._shuffle.place_of(index)

    def _is_taken(self, place: int) -> bool:
        return place < self._first_free or place in self._taken or place in self._expected
