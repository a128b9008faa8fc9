"""The best runs by one metric, in order."""

from __future__ import annotations

import bisect
import math
from typing import NamedTuple

import numpy as np

from wanllmdb_suggestion.optimizer.samplers.tpe_columns import Indexes, Kind, RunColumns

# The best runs that are kept in order; more than an ask needs.
_LEADERS = 1280


class Leaders:
    """The order of the ended runs, of which the best ones are kept.

    As in Optuna, complete runs rank before pruned ones, a pruned run before those that reached an
    earlier step, and of equal runs the earlier one first.

    Optuna reads and sorts all trials at every ask, which takes two thirds of its time at 1,000
    runs.
    """

    def __init__(self, columns: RunColumns) -> None:
        self._columns = columns
        # The ranks of the best runs, ascending; all other ended runs rank behind them.
        self._ranks: list[_Rank] = []

    def insert(self, index: int) -> None:
        """Take a run that has ended; the columns do not count it yet."""
        rank = self._rank(index)
        # Unless all ended runs are leaders, runs that are none rank behind the last leader alone.
        is_known = len(self._ranks) == self._columns.ended
        if is_known or (self._ranks and rank < self._ranks[-1]):
            bisect.insort(self._ranks, rank)
            del self._ranks[2 * _LEADERS :]

    def take(self, _: Indexes) -> None:
        """Take many runs that have ended; the order is found when it is asked for."""
        self._ranks.clear()

    def remove(self, index: int) -> None:
        """Forget a run that has ended, before its columns change."""
        rank = self._rank(index)
        at = bisect.bisect_left(self._ranks, rank)
        if at < len(self._ranks) and self._ranks[at] == rank:
            del self._ranks[at]

    def best(self, count: int, more: int, *, without: int) -> Indexes:
        """Return the best `count + more` runs, better ones first, but not run `without`."""
        count += more
        if len(self._ranks) < min(count + 1, self._columns.ended):
            self._ranks = self._ranked(max(_LEADERS, count + 1))
        found = [rank.number for rank in self._ranks[: count + 1] if rank.number != without]
        return np.array(found[:count], dtype=np.intp)

    def _ranked(self, count: int) -> list[_Rank]:
        """Return the ranks of the best runs, ascending."""
        columns = self._columns
        ended = np.flatnonzero(columns.are_ended())
        losses = columns.losses[ended, 0]
        is_pruned = columns.kinds[ended] == Kind.PRUNED
        order = np.lexsort(
            (losses, np.where(is_pruned, -columns.steps[ended], 0), np.isnan(losses), is_pruned)
        )
        return [self._rank(int(index)) for index in ended[order[:count]]]

    def _rank(self, index: int) -> _Rank:
        columns = self._columns
        loss = float(columns.losses[index, 0])
        is_pruned = columns.kinds[index] == Kind.PRUNED
        return _Rank(
            bool(is_pruned),
            # A pruned run without a value is the worst pruned run: NaN ranks behind infinity.
            math.isnan(loss),
            -int(columns.steps[index]) if is_pruned else 0,
            0.0 if math.isnan(loss) else loss,
            index,
        )


class _Rank(NamedTuple):
    """What ended runs are sorted by; better ones first."""

    is_pruned: bool
    is_without_loss: bool
    steps_left: int
    loss: float
    number: int
