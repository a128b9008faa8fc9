"""Every point of the space once."""

from __future__ import annotations

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.grid import Grid
from wanllmdb_suggestion.study.records import Parameters, RunRecord
from wanllmdb_suggestion.study.sampler import Sampler
from wanllmdb_suggestion.study.seeding import ask_seed


class GridSampler(Sampler):
    """The first point in the grid's order that no run has, whoever chose its parameters.

    A point counts as handed out from the moment that a run has its
    parameters; whether that run is tried again after a failure is the
    registry's business.
    """

    def __init__(self, space: SearchSpace, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._grid = Grid(space)
        # Every index below `_first_free` is taken, and of the others those in
        # the set: so that the set stays as small as the disorder.
        self._first_free = 0
        self._taken: set[int] = set()
        self._expected: set[int] = set()
        self._next = 0

    def observe(self, record: RunRecord) -> None:
        """See `Sampler.observe`."""
        index = self._grid.index_of(record.parameters)
        if index is None or index < self._first_free:
            return
        self._taken.add(index)
        while self._first_free in self._taken:
            self._taken.remove(self._first_free)
            self._first_free += 1

    def propose(self, number: int, redraw: int = 0) -> Parameters | None:
        """See `Sampler.propose`."""
        index = self._first_unexpected()
        return None if index >= self._grid.size else self._grid.point(index)

    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        """The first free point that agrees with `given`, from a random place on."""
        rest = SearchSpace(tuple(p for p in self._space.parameters if p.name not in given))
        others = Grid(rest)
        start = ask_seed(self._seed, number, redraw) % others.size
        # Off the grid, or with every such point taken, any completion will do;
        # one look more than there are taken points finds a free one otherwise.
        looks = min(others.size, len(self._taken) + len(self._expected) + self._first_free + 1)
        for offset in range(looks):
            point = {**given, **others.point((start + offset) % others.size)}
            index = self._grid.index_of(point)
            if index is None or not self._is_taken(index):
                return dict(sorted(point.items()))
        return dict(sorted({**given, **others.point(start)}.items()))

    def expect(self, number: int, parameters: Parameters) -> None:
        """See `Sampler.expect`."""
        index = self._grid.index_of(parameters)
        if index is not None:
            self._expected.add(index)

    def forget_expected(self) -> None:
        """See `Sampler.forget_expected`."""
        self._expected.clear()
        self._next = self._first_free

    @property
    def is_exhausted(self) -> bool:
        """See `Sampler.is_exhausted`."""
        return self._first_unexpected() >= self._grid.size

    def _first_unexpected(self) -> int:
        index = max(self._next, self._first_free)
        while index in self._taken or index in self._expected:
            index += 1
        self._next = index
        return index

    def _is_taken(self, index: int) -> bool:
        return index < self._first_free or index in self._taken or index in self._expected
