"""The observations that TPE learns from, as columns that are updated while runs change."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]


class Kind(IntEnum):
    """What an observation shows."""

    # Nothing: the run is queued, failed or canceled.
    NOTHING = 0
    # That an agent already evaluates the point.
    RUNNING = 1
    # The objective value of the point.
    COMPLETE = 2
    # The objective value at which the run was pruned.
    PRUNED = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """A run's point, of shape (parameters,), and its loss; smaller is better.

    The point has NaN for parameters that the run does not have.

    The loss of a pruned run is None if the run reported no value. `step` is the last step that
    a pruned run reached.
    """

    kind: Kind
    point: Floats
    loss: float | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """The indices of the better and the worse runs, each ascending.

    Attributes:
        below: The better runs.
        above: The worse runs, or a sample of them.
        represented: How many runs each of `above` stands for.
    """

    below: Indexes
    above: Indexes
    represented: Floats


# Of more ended runs than these, a part stands for the worse ones: the best of them, beside which
# candidates lie, and a random sample of the others.
MOST_ENDED = 2048
NEXT_BEST = 1024
SAMPLED = 1024
# The best runs that are kept in order; more than an ask needs.
_LEADERS = NEXT_BEST + 256


class Observations:
    """Observations by run number, with the best ones in order.

    Optuna reads and sorts all trials at every ask, which takes two thirds of its time at 1,000
    runs.
    """

    def __init__(self, parameters: int, *, seed: int = 0) -> None:
        self._points: Floats = np.zeros((64, parameters))
        self._losses: Floats = np.zeros(64)
        self._steps = np.zeros(64, dtype=np.int64)
        self._kinds = np.zeros(64, dtype=np.int8)
        self._seed = seed
        self._lots = _lots(seed, 0, 64)
        self._count = 0
        # How many runs are complete or pruned, and how many of them have each parameter.
        self.ended = 0
        self._having = np.zeros(parameters, dtype=np.int64)
        # The ranks of the best runs, ascending; all other ended runs rank behind them.
        self._leaders: list[_Rank] = []

    def put(self, number: int, observation: Observation) -> None:
        """Set the run's observation, replacing any earlier one."""
        while number >= len(self._kinds):
            self._grow()
        self._count = max(self._count, number + 1)
        if self._kinds[number] >= Kind.COMPLETE:
            self.ended -= 1
            self._having -= ~np.isnan(self._points[number])
            self._remove(self._rank(number))
        self._kinds[number] = observation.kind
        # A pruned run without a value is the worst pruned run: NaN sorts last, behind infinity.
        self._losses[number] = np.nan if observation.loss is None else observation.loss
        self._steps[number] = observation.step
        self._points[number] = observation.point
        if observation.kind >= Kind.COMPLETE:
            self._insert(self._rank(number))
            self.ended += 1
            self._having += ~np.isnan(observation.point)

    @property
    def shared(self) -> list[int]:
        """The columns of the parameters that all ended runs have."""
        found: list[int] = np.flatnonzero(self._having == self.ended).tolist()
        return found

    def get(self, number: int) -> Observation:
        """Return the run's observation; Kind.NOTHING if there is none."""
        if number >= self._count:
            return Observation(Kind.NOTHING, np.zeros(self._points.shape[1]))
        loss = float(self._losses[number])
        return Observation(
            Kind(self._kinds[number]),
            self._points[number].copy(),
            None if np.isnan(loss) else loss,
            int(self._steps[number]),
        )

    def points(self, indexes: Indexes, columns: Sequence[int]) -> Floats:
        """Return the points at these indices, of shape (indices, columns)."""
        values: Floats = self._points[indexes[:, None], list(columns)]
        return values

    def split(self, best: int, *, without: int) -> Split:
        """Split into the `best` best runs and all others, which include running ones.

        As in Optuna, complete runs rank before pruned ones, a pruned run before those that
        reached an earlier step, and of equal runs the earlier one first. Run `without` is left out.

        Of more than `MOST_ENDED` ended runs, the worse ones are the best among them and a random
        sample of the others, which follows from the seed and the numbers of the runs. Running runs
        are always there.
        """
        kinds = self._kinds[: self._count].copy()
        if without < self._count:
            kinds[without] = Kind.NOTHING
        is_many = self.ended > MOST_ENDED
        ranked = self._best(best + NEXT_BEST if is_many else best, without)
        below = np.sort(ranked[:best])
        kinds[below] = Kind.NOTHING
        worse = np.flatnonzero(kinds)
        if not is_many:
            return Split(below, worse, np.ones(len(worse)))
        is_whole = kinds == Kind.RUNNING
        is_whole[ranked[best:]] = True
        is_whole = is_whole[worse]
        # Each level halves the sample, so that few runs join or leave it when there are more.
        level = max(0, (self.ended // SAMPLED).bit_length() - 1)
        is_drawn = ~is_whole & (self._lots[worse] >> np.uint64(64 - level) == 0)
        others = int(np.count_nonzero(~is_whole))
        each = others / max(1, int(np.count_nonzero(is_drawn)))
        is_chosen = is_whole | is_drawn
        return Split(below, worse[is_chosen], np.where(is_whole, 1.0, each)[is_chosen])

    def _best(self, count: int, without: int) -> Indexes:
        """Return the indices of the best runs, better ones first."""
        if len(self._leaders) < min(count + 1, self.ended):
            self._leaders = self._ranked(max(_LEADERS, count + 1))
        found = [rank.number for rank in self._leaders[: count + 1] if rank.number != without]
        return np.array(found[:count], dtype=np.intp)

    def _ranked(self, count: int) -> list[_Rank]:
        """Return the ranks of the best runs, ascending."""
        ended = np.flatnonzero(self._kinds[: self._count] >= Kind.COMPLETE)
        losses = self._losses[ended]
        is_pruned = self._kinds[ended] == Kind.PRUNED
        order = np.lexsort(
            (losses, np.where(is_pruned, -self._steps[ended], 0), np.isnan(losses), is_pruned)
        )
        return [self._rank(int(index)) for index in ended[order[:count]]]

    def _rank(self, index: int) -> _Rank:
        loss, is_pruned = float(self._losses[index]), self._kinds[index] == Kind.PRUNED
        return _Rank(
            bool(is_pruned),
            math.isnan(loss),
            -int(self._steps[index]) if is_pruned else 0,
            0.0 if math.isnan(loss) else loss,
            index,
        )

    def _insert(self, rank: _Rank) -> None:
        """Put a run that has ended among the leaders; `ended` does not count it yet."""
        # Unless all ended runs are leaders, runs that are none rank behind the last leader alone.
        is_known = len(self._leaders) == self.ended
        if is_known or (self._leaders and rank < self._leaders[-1]):
            bisect.insort(self._leaders, rank)
            del self._leaders[2 * _LEADERS :]

    def _remove(self, rank: _Rank) -> None:
        at = bisect.bisect_left(self._leaders, rank)
        if at < len(self._leaders) and self._leaders[at] == rank:
            del self._leaders[at]

    def _grow(self) -> None:
        size = len(self._kinds)
        self._points = np.concatenate([self._points, np.zeros_like(self._points)])
        self._losses = np.concatenate([self._losses, np.zeros(size)])
        self._steps = np.concatenate([self._steps, np.zeros(size, dtype=np.int64)])
        self._kinds = np.concatenate([self._kinds, np.zeros(size, dtype=np.int8)])
        self._lots = np.concatenate([self._lots, _lots(self._seed, size, size)])


class _Rank(NamedTuple):
    """What ended runs are sorted by; better ones first."""

    is_pruned: bool
    is_without_loss: bool
    steps_left: int
    loss: float
    number: int


def _lots(seed: int, first: int, count: int) -> NDArray[np.uint64]:
    """Return a random number for each run, which follows from the seed and the run's index."""
    # The steps of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    found = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    found = np.uint64(seed) + found * np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))
