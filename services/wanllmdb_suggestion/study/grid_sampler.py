"""Every point of the space once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wanllmdb_common.search_space.distributions import Constant, SearchSpace
from wanllmdb_common.search_space.draws import PointDraws
from wanllmdb_common.search_space.grid import GRID_POINTS
from wanllmdb_common.search_space.grid_search import GridSearch
from wanllmdb_common.search_space.shuffle import Shuffle
from wanllmdb_suggestion.study.records import Parameters, RunRecord
from wanllmdb_suggestion.study.sampler import Sampler
from wanllmdb_suggestion.study.seeding import ask_seed

# How many points are looked at to complete a partly given one.
MAX_LOOKS = 2_000


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
        # Points go by their place in the order. Every place below `_first_free` is
        # taken or unwanted, and of the others those in the set are taken: so that
        # the set stays as small as the disorder.
        self._first_free = self._first_wanted(0)
        self._taken: set[int] = set()
        self._expected: set[int] = set()
        self._next = self._first_free

    def observe(self, record: RunRecord) -> None:
        """See `Sampler.observe`."""
        place = self._place_of(record.parameters)
        if place is None or place < self._first_free:
            return
        self._taken.add(place)
        while self._first_free in self._taken:
            self._taken.remove(self._first_free)
            self._first_free = self._first_wanted(self._first_free + 1)

    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """See `Sampler.propose`; there is one point to propose, however often it is turned down."""
        place = self._first_unexpected()
        return None if place >= self._grid.size else self._grid.point(self._index(place))

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """A free point that agrees with `given`, the first from a random place on.

        Where there is none, or none was found in `MAX_LOOKS`, one that was handed out
        before; where none on the grid meets the constraints, one beside the grid.

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
        """See `Sampler.is_exhausted`."""
        return self._first_unexpected() >= self._grid.size

    def _first_unexpected(self) -> int:
        place = max(self._next, self._first_free)
        while place in self._taken or place in self._expected:
            place = self._first_wanted(place + 1)
        self._next = place
        return place

    def _first_wanted(self, place: int) -> int:
        """The first place from there on whose point meets the constraints; else the grid's size."""
        if self._shuffle is None:
            found = self._search.first_from(place)
            return self._grid.size if found is None else found
        while place < self._grid.size and not self._search.is_wanted(self._shuffle.at(place)):
            place += 1
        return place

    def _completions(self, given: Parameters, seed: int) -> Iterator[Parameters]:
        """Points with these values that meet the constraints, from a random one on."""
        parameters = tuple(
            replace(p, distribution=Constant(given[p.name])) if p.name in given else p
            for p in self._space.parameters
        )
        others = GridSearch(replace(self._space, parameters=parameters), self._grid_points)
        start = seed % others.grid.size
        looks = MAX_LOOKS
        for first, end in ((start, others.grid.size), (0, start)):
            index = others.first_from(first, looks)
            while index is not None and index < end and looks > 0:
                yield others.grid.point(index)
                looks -= 1
                index = others.first_from(index + 1, looks)

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
