"""Every point of the space once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wanllmdb_common.computing.cancellation import WorkBudget
from wanllmdb_common.search_space.distributions import Constant, SearchSpace
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.grid import GRID_POINTS
from wanllmdb_common.search_space.grid_search import GridSearch, SearchPausedError
from wanllmdb_common.search_space.shuffle import Shuffle
from wanllmdb_suggestion.study.records import Parameters, RunRecord
from wanllmdb_suggestion.study.sampler import (
    ConstraintsNotMetError,
    Sampler,
    UnfinishedSearchError,
)
from wanllmdb_suggestion.study.seeding import ask_seed

# What is spent on completing a partly given point, about 0.1 s.
COMPLETION_UNITS = 100_000
# What is spent on the search for a point before others have their turn, about 0.2 s, and
# on the question whether there is a further one.
SEARCH_UNITS = 200_000
LOOK_AHEAD_UNITS = 50_000
# What is spent without coming upon any wanted point before the search is given up, about
# 3 s. The next call goes on from there.
GIVE_UP_UNITS = 2_000_000
# Stretches without a wanted point that are remembered.
_MAX_STRETCHES = 1_000


class GridSampler(Sampler):
    """The first point in the order that meets the constraints and that no run has.

    The order is the grid's, or a random one that follows from the seed. A point
    counts as handed out from the moment that a run has its parameters, whoever
    chose them; whether that run is tried again after a failure is the registry's
    business.

    Args:
        space: What is searched.
        seed: The sweep's.
        grid_points: Into how many values a parameter without steps is cut.
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
        # Points go by their place in the order. Every place below `_first_free` is
        # taken or unwanted, and of the others those in the set are taken: so that
        # the set stays as small as the disorder.
        self._first_free = 0
        self._taken: set[int] = set()
        self._expected: set[int] = set()
        self._next = 0
        # From the first place on, none before the second is wanted. That follows from
        # the space alone, so what was found out once holds for good.
        self._unwanted: dict[int, int] = {}
        # What was spent since the search last came upon a wanted point or was given up.
        self._fruitless = WorkBudget(GIVE_UP_UNITS)

    def observe(self, record: RunRecord) -> None:
        """See `Sampler.observe`."""
        place = self._place_of(record.parameters)
        if place is None or place < self._first_free:
            return
        self._taken.add(place)
        self._pass_taken()

    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """See `Sampler.propose`; there is one point to propose, however often it is turned down.

        Raises:
            UnfinishedSearchError: the search takes longer than one call may.
            ConstraintsNotMetError: it was given up.
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
        """A free point that agrees with `given`, the first from a random place on.

        Where there is none, or none was found with `COMPLETION_UNITS`, one that was handed
        out before; where none on the grid meets the constraints, one beside the grid.

        Raises:
            NoPointFoundError: no point with these values meets the constraints.
        """
        seed = ask_seed(self._seed, number, redraw)
        fallback: Parameters | None = None
        for point in self._completions(given, seed):
            place = self._place_of(point)
            if place is None or not self._is_taken(place):
                return point
            fallback = fallback or point
        return fallback or PointDraws(self._space).draw(seed, given)

    def expect(self, number: int, parameters: Parameters) -> None:
        """See `Sampler.expect`."""
        place = self._place_of(parameters)
        if place is not None:
            self._expected.add(place)

    def forget_expected(self) -> None:
        """See `Sampler.forget_expected`."""
        self._expected.clear()
        self._next = self._first_free

    @property
    def is_exhausted(self) -> bool:
        """See `Sampler.is_exhausted`; False where it takes long to find out."""
        try:
            return self._first_unexpected(WorkBudget(LOOK_AHEAD_UNITS)) >= self._grid.size
        except SearchPausedError:
            return False

    def _first_unexpected(self, effort: WorkBudget) -> int:
        """The first place that is wanted and neither taken nor expected; else the grid's size.

        Raises:
            SearchPausedError: nothing is left of the effort.
        """
        place = max(self._next, self._first_free)
        while place < self._grid.size:
            # Those that are taken or expected are wanted, all of them.
            if place in self._taken or place in self._expected:
                place += 1
                continue
            found = self._first_wanted(place, effort)
            # Further on where those that follow are taken: they are not in the set any more.
            place = max(found, self._first_free)
            if place == found and place not in self._taken and place not in self._expected:
                break
        self._next = place
        return place

    def _first_wanted(self, place: int, effort: WorkBudget) -> int:
        """The first place from there on whose point meets the constraints; else the grid's size.

        Raises:
            SearchPausedError: nothing is left of the effort.
        """
        start = self._unwanted.get(place, place)
        units, looks = effort.left, effort.looks
        try:
            found = self._search_from(start, effort)
        except SearchPausedError as pause:
            self._remember_unwanted(place, pause.place)
            self._fruitless.spend(units - effort.left, effort.looks - looks)
            raise
        self._remember_unwanted(place, found)
        self._fruitless = WorkBudget(GIVE_UP_UNITS)
        return found

    def _search_from(self, place: int, effort: WorkBudget) -> int:
        if self._shuffle is None:
            found = self._search.first_from(place, effort)
            return self._grid.size if found is None else found
        while place < self._grid.size:
            if effort.is_spent:
                raise SearchPausedError(place)
            if self._search.is_wanted(self._shuffle.at(place), effort):
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
        """Moves `_first_free` on as far as is known."""
        while True:
            if self._first_free in self._taken:
                self._taken.remove(self._first_free)
                self._first_free += 1
            elif self._first_free in self._unwanted:
                self._first_free = self._unwanted.pop(self._first_free)
            else:
                return

    def _completions(self, given: Parameters, seed: int) -> Iterator[Parameters]:
        """Points with these values that meet the constraints, from a random one on."""
        parameters = tuple(
            replace(p, distribution=Constant(given[p.name])) if p.name in given else p
            for p in self._space.parameters
        )
        others = GridSearch(replace(self._space, parameters=parameters), self._grid_points)
        start = seed % others.grid.size
        effort = WorkBudget(COMPLETION_UNITS)
        for first, end in ((start, others.grid.size), (0, start)):
            try:
                index = others.first_from(first, effort)
                while index is not None and index < end:
                    yield others.grid.point(index)
                    effort.spend(self._completion_cost)
                    index = others.first_from(index + 1, effort)
            except SearchPausedError:
                return

    def _why_given_up(self, looks: int, place: int) -> str:
        order = "shuffled order" if self._shuffle is not None else "order"
        return (
            f"{looks:,} points were looked at, and with them all up to number {place:,} of "
            f"{self._grid.size:,} in the grid's {order} are known to break a constraint or to "
            "have a run"
        )

    def _index(self, place: int) -> int:
        return place if self._shuffle is None else self._shuffle.at(place)

    def _place_of(self, parameters: Parameters) -> int | None:
        """None where they are no point of the grid, or one that breaks a constraint."""
        index = self._grid.index_of(parameters)
        if index is None or not self._search.is_wanted(index):
            return None
        return index if self._shuffle is None else self._shuffle.place_of(index)

    def _is_taken(self, place: int) -> bool:
        return place < self._first_free or place in self._taken or place in self._expected
