"""The best runs by several metrics: those that few other runs dominate.

Ozaki et al., Multiobjective Tree-Structured Parzen Estimator, JAIR 2022.
"""

from __future__ import annotations

import numpy as np

from wanllmdb_suggestion.optimizer.optuna_internals import nondomination_ranks, solve_hssp
from wanllmdb_suggestion.optimizer.samplers.tpe_columns import (
    MOST_ENDED,
    Flags,
    Floats,
    Indexes,
    RunColumns,
)

# The runs that show by how many runs another one is dominated: up to twice as many.
_JUDGES = 1024
# Of more changes, the dominating runs of all runs are counted again.
_FEW_CHANGES = 32
# The rows of one comparison with all judges, for which 2 MiB of flags are compared at a time.
_ROWS = 1024
# Stands for a reference point at zero, as in Optuna.
_TINY = 1e-12


class Fronts:
    """The order of the ended runs by fronts: no run of a front dominates another one of it.

    Up to `MOST_ENDED` ended runs, the better ones are those of Optuna: the first fronts, and of
    the last front the runs that add most to the hypervolume.

    Sorting all of many runs into fronts would take a time that grows with their square. So a
    sample of the ended runs, the judges, first tells how many runs dominate each run. The runs
    that the fewest judges dominate are the candidates, and only candidates are sorted. No more
    judges dominate a run than any run that it dominates itself.
    """

    def __init__(self, columns: RunColumns) -> None:
        self._columns = columns
        # The answer to the last question, by that question.
        self._asked: tuple[int, int, int, int] | None = None
        self._answer: Indexes = np.zeros(0, dtype=np.intp)
        self._chosen_of: tuple[bytes, int] | None = None
        self._chosen: Indexes = self._answer
        # By how many of the judges each run is dominated; right for all runs that have not
        # changed since.
        self._judges: Indexes = self._answer
        self._judge_losses: Floats = np.zeros((0, columns.losses.shape[1]))
        self._dominating = np.zeros(0, dtype=np.int64)
        self._changed: set[int] = set()

    def insert(self, index: int) -> None:
        """Take a run that has ended."""
        self._changed.add(index)

    def take(self, indexes: Indexes) -> None:
        """Take many runs that have ended."""
        self._changed.update(indexes.tolist())

    def remove(self, index: int) -> None:
        """Forget a run that has ended, before its columns change."""
        self._changed.add(index)

    def best(self, count: int, more: int, *, without: int) -> Indexes:
        """Return the best `count` runs, then `more` next best ones, but not run `without`."""
        if not self._columns.is_ended(without):
            without = -1
        # Between two results, all asks have the same answer.
        asked = (self._columns.changes, count, more, without)
        if asked != self._asked:
            self._answer = self._best(count, more, without)
            self._asked = asked
        return self._answer

    def _best(self, count: int, more: int, without: int) -> Indexes:
        columns = self._columns
        candidates = np.flatnonzero(columns.are_ended())
        candidates = candidates[candidates != without]
        is_many = columns.ended > MOST_ENDED
        if is_many:
            candidates = self._candidates(candidates)
        losses = columns.losses[candidates]
        below = self._below(losses, min(count, len(candidates)), is_many=is_many)
        is_below = np.zeros(len(candidates), dtype=bool)
        is_below[below] = True
        return np.concatenate([candidates[is_below], candidates[~is_below][:more]])

    def _below(self, losses: Floats, count: int, *, is_many: bool) -> Indexes:
        """Return the positions of the best `count` losses."""
        if count in (0, len(losses)):
            return np.arange(count)
        ranks = nondomination_ranks(losses, count)
        sizes = np.cumsum(np.bincount(ranks))
        whole = int(np.searchsorted(sizes, count, side="right"))
        found = np.flatnonzero(ranks < whole)
        if len(found) == count:
            return found
        last = np.flatnonzero(ranks == whole)
        missing = count - len(found)
        if is_many and losses.shape[1] > 2:
            # Volumes of more than two dimensions take seconds. Candidates are sorted by lot
            # where as many judges dominate them.
            chosen = last[:missing]
        else:
            chosen = last[self._spread(losses[last], missing)]
        return np.concatenate([found, chosen])

    def _spread(self, losses: Floats, count: int) -> Indexes:
        """Return the positions of `count` losses of one front that add most to the hypervolume."""
        question = losses.tobytes(), count
        if question != self._chosen_of:
            # In a large sweep, most results do not change this front.
            worst = losses.max(axis=0)
            reference = np.maximum(1.1 * worst, 0.9 * worst)
            reference[reference == 0] = _TINY
            self._chosen = solve_hssp(losses, np.arange(len(losses)), count, reference)
            self._chosen_of = question
        return self._chosen

    def _candidates(self, ended: Indexes) -> Indexes:
        """Return the runs that the fewest judges dominate, those first; of equal ones, by lot."""
        self._judge()
        counts = self._dominating[ended].astype(np.uint64)
        keys = counts << np.uint64(32) | self._columns.lots[ended] >> np.uint64(32)
        first = np.argpartition(keys, MOST_ENDED - 1)[:MOST_ENDED]
        return ended[first[np.argsort(keys[first])]]

    def _judge(self) -> None:
        """Count the dominating judges of all ended runs."""
        columns = self._columns
        is_judge = columns.are_ended() & columns.sample(_JUDGES)
        before, before_losses = self._judges, self._judge_losses
        judges = np.flatnonzero(is_judge)
        changed = np.array(sorted(self._changed), dtype=np.intp)
        self._changed.clear()
        self._judges, self._judge_losses = judges, columns.losses[judges]
        has_left = ~np.isin(before, judges) | np.isin(before, changed)
        has_come = ~np.isin(judges, before) | np.isin(judges, changed)
        if np.count_nonzero(has_left) + np.count_nonzero(has_come) > _FEW_CHANGES:
            changed = np.flatnonzero(columns.are_ended())
            self._dominating = np.zeros(len(columns.kinds), dtype=np.int64)
        else:
            more = len(columns.kinds) - len(self._dominating)
            self._dominating = np.append(self._dominating, np.zeros(more, dtype=np.int64))
            for losses in before_losses[has_left]:
                self._dominating[: columns.count] -= _is_dominated(self._all_losses(), losses)
            for losses in self._judge_losses[has_come]:
                self._dominating[: columns.count] += _is_dominated(self._all_losses(), losses)
        for at in range(0, len(changed), _ROWS):
            rows = changed[at : at + _ROWS]
            found = np.zeros(len(rows), dtype=np.int64)
            losses = columns.losses[rows]
            for start in range(0, len(judges), _ROWS):
                some = self._judge_losses[start : start + _ROWS]
                found += _is_dominated(losses[:, None], some).sum(axis=1)
            self._dominating[rows] = found

    def _all_losses(self) -> Floats:
        return self._columns.losses[: self._columns.count]


def _is_dominated(losses: Floats, by: Floats) -> Flags:
    """Return whether losses are dominated by others; the metrics are in the last axis."""
    is_as_good: Flags = by[..., 0] <= losses[..., 0]
    is_better: Flags = by[..., 0] < losses[..., 0]
    for metric in range(1, losses.shape[-1]):
        is_as_good &= by[..., metric] <= losses[..., metric]
        is_better |= by[..., metric] < losses[..., metric]
    return is_as_good & is_better
