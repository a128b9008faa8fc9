"""The parameters that runs have only together, in spaces with conditions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from wanllmdb_suggestion.optimizer.samplers.tpe_columns import Flags, RunColumns


class Groups:
    """Groups of parameters, of which every ended run has all or none.

    The groups and their order are those of Optuna's decomposed search space: each set of
    parameters, in the order in which runs first had it, divides the groups of the sets before.
    """

    def __init__(self, columns: RunColumns) -> None:
        self._columns = columns
        # The first run with each set of parameters; None until the next question.
        self._first: dict[bytes, int] | None = None
        self._found: list[list[int]] | None = None

    def insert(self, index: int) -> None:
        """Take a run that has ended."""
        if self._first is None:
            return
        key = self._set_of(index).tobytes()
        if index < self._first.get(key, index + 1):
            self._first[key] = index
            self._found = None

    def take(self) -> None:
        """Take many runs that have ended; the groups are found when they are asked for."""
        self._first = self._found = None

    def remove(self, index: int) -> None:
        """Forget a run that has ended, before its columns change."""
        if self._first is not None and self._first[self._set_of(index).tobytes()] == index:
            self._first = self._found = None

    def groups(self) -> list[list[int]]:
        """Return the columns of each group, ascending."""
        if self._first is None:
            ended = np.flatnonzero(self._columns.are_ended())
            # Of equal rows, a dictionary keeps the last one.
            sets = ~np.isnan(self._columns.points[ended[::-1]])
            keys = map(np.ndarray.tobytes, sets)
            self._first = dict(zip(keys, ended[::-1].tolist(), strict=True))
            self._found = None
        if self._found is None:
            self._found = _divided(
                set(np.flatnonzero(np.frombuffer(key, dtype=bool)).tolist())
                for key in sorted(self._first, key=self._first.__getitem__)
            )
        return self._found

    def _set_of(self, index: int) -> Flags:
        found: Flags = ~np.isnan(self._columns.points[index])
        return found


def _divided(sets: Iterable[set[int]]) -> list[list[int]]:
    """Return the groups into which the sets divide all columns."""
    groups: list[set[int]] = []
    for columns in sets:
        parts = [part for group in groups for part in (group & columns, group - columns)]
        parts.append(columns.difference(*groups))
        groups = [part for part in parts if part]
    return list(map(sorted, groups))
