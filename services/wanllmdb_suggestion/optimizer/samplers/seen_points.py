"""The points of a discrete space that have runs."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Hashable, Iterator

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.grid import EntangledConditionsError, Grid
from wanllmdb_common.search_space.quantiles import cardinality
from wanllmdb_suggestion.optimizer.types import Parameters, RunRecord

# A space with more points is not searched point by point.
MAX_LISTED = 10_000_000


class SeenPoints:
    """The points of all runs, whatever their states, and of all expected runs."""

    def __init__(self, space: SearchSpace) -> None:
        self._grid = _grid(space)
        self._of_run: dict[int, Hashable] = {}
        self._runs_at: Counter[Hashable] = Counter()
        self._expected: list[Hashable] = []

    @staticmethod
    def can_be_told_apart(space: SearchSpace) -> bool:
        """Return whether the space is discrete, so that a point may be drawn twice."""
        return all(cardinality(p.distribution) is not None for p in space.parameters)

    def observe(self, record: RunRecord) -> None:
        """Take the record of a run that is new or changed."""
        before = self._of_run.pop(record.number, None)
        if before is not None:
            self._leave(before)
        if record.attempt == 0:
            # The run was never assigned, and its point may be incomplete.
            return
        key = self._key(record.parameters)
        if key is not None:
            self._of_run[record.number] = key
            self._runs_at[key] += 1

    def expect(self, parameters: Parameters) -> None:
        """Count a point until `forget_expected`."""
        key = self._key(parameters)
        if key is not None:
            self._expected.append(key)
            self._runs_at[key] += 1

    def forget_expected(self) -> None:
        """Forget all expected points."""
        while self._expected:
            self._leave(self._expected.pop())

    def __contains__(self, parameters: Parameters) -> bool:
        return self._key(parameters) in self._runs_at

    def runs_at(self, parameters: Parameters) -> int:
        """Return how many runs the point has."""
        return self._runs_at[self._key(parameters)]

    @property
    def runs(self) -> int:
        """How many runs there are, expected runs included."""
        return len(self._of_run) + len(self._expected)

    @property
    def is_full(self) -> bool:
        """Whether every point of the space has a run; False if there are too many to list."""
        return self._grid is not None and len(self._runs_at) >= self._grid.size

    def all_from(self, start: int, looks: int) -> Iterator[Parameters]:
        """Yield at most `looks` points from index `start` on, wrapping around the end.

        Points with and without runs are included. A space with too many points yields none.
        """
        if self._grid is None:
            return
        for offset in range(min(looks, self._grid.size)):
            yield self._grid.point((start + offset) % self._grid.size)

    def is_known_through(self, looks: int) -> bool:
        """Return whether `all_from` covers every point, and no seen point is merely expected."""
        return self._grid is not None and self._grid.size <= looks and not self._expected

    def _leave(self, key: Hashable) -> None:
        self._runs_at[key] -= 1
        if not self._runs_at[key]:
            del self._runs_at[key]

    def _key(self, parameters: Parameters) -> Hashable | None:
        if self._grid is not None:
            return self._grid.index_of(parameters)
        # Distinguishes 1, 1.0 and true, as the space does.
        return json.dumps(dict(parameters), sort_keys=True)


def _grid(space: SearchSpace) -> Grid | None:
    """Return the grid of all points of the space; None if there are too many to list.

    A grid holds every point of a space that is discrete and bounded.
    """
    counts = [cardinality(p.distribution) or math.inf for p in space.parameters]
    if math.prod(counts) > MAX_LISTED:
        return None
    try:
        return Grid(space)
    except EntangledConditionsError:
        return None
