"""What TPE knows of each run, as columns."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]
Flags = NDArray[np.bool_]
Lots = NDArray[np.uint64]
Number = TypeVar("Number", bound=np.generic)

# Of more ended runs than these, a part stands for the others.
MOST_ENDED = 2048
_FIRST_SIZE = 64


class Kind(IntEnum):
    """What an observation shows."""

    # Nothing: the run is queued, failed or canceled.
    NOTHING = 0
    # That an agent already evaluates the point.
    RUNNING = 1
    # The objective values of the point.
    COMPLETE = 2
    # The objective value at which the run was pruned.
    PRUNED = 3


# As a plain number, which arrays compare ten times as fast.
_COMPLETE = int(Kind.COMPLETE)


class RunColumns:
    """Arrays by the index of the run, which grow.

    Attributes:
        count: How many runs there are; rows behind them are empty.
        points: Of shape (size, parameters); NaN for parameters that the run does not have.
        losses: Of shape (size, metrics); smaller is better. NaN for runs without a value.
        steps: The last step that a pruned run reached.
        kinds: What is known of each run.
        lots: A random number for each run, which follows from the seed and the index.
        ended: How many runs are complete or pruned.
        changes: How often an ended run was added, changed or removed.
    """

    def __init__(self, parameters: int, metrics: int, seed: int) -> None:
        self.count = 0
        self.points: Floats = np.zeros((_FIRST_SIZE, parameters))
        self.losses: Floats = np.zeros((_FIRST_SIZE, metrics))
        self.steps = np.zeros(_FIRST_SIZE, dtype=np.int64)
        self.kinds = np.zeros(_FIRST_SIZE, dtype=np.int8)
        self.lots = _lots(seed, 0, _FIRST_SIZE)
        self.ended = 0
        self.changes = 0
        self._seed = seed

    def reach(self, index: int) -> None:
        """Make sure that there is a row at the index."""
        size = len(self.kinds)
        self.count = max(self.count, index + 1)
        if index < size:
            return
        more = max(size, index + 1 - size)
        self.points = _longer(self.points, more)
        self.losses = _longer(self.losses, more)
        self.steps = _longer(self.steps, more)
        self.kinds = _longer(self.kinds, more)
        self.lots = np.concatenate([self.lots, _lots(self._seed, size, more)])

    def is_ended(self, index: int) -> bool:
        """Return whether the run is complete or pruned."""
        return bool(0 <= index < self.count and self.kinds[index] >= _COMPLETE)

    def are_ended(self) -> Flags:
        """Return for each run whether it is complete or pruned."""
        found: Flags = self.kinds[: self.count] >= _COMPLETE
        return found

    def sample(self, most: int) -> Flags:
        """Return for each run whether its lot is drawn, for a sample of the ended runs.

        The sample has at most about twice `most` runs. Each level halves it, so that few runs
        join or leave it when there are more.
        """
        level = max(0, (self.ended // most).bit_length() - 1)
        if not level:
            return np.ones(self.count, dtype=bool)
        drawn: Flags = self.lots[: self.count] >> np.uint64(64 - level) == 0
        return drawn


def _longer(column: NDArray[Number], more: int) -> NDArray[Number]:
    return np.concatenate([column, np.zeros((more, *column.shape[1:]), dtype=column.dtype)])


def _lots(seed: int, first: int, count: int) -> Lots:
    """Return a random number for each run, which follows from the seed and the run's index."""
    # The steps of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    found = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    found = np.uint64(seed) + found * np.uint64(0x9E3779B97F4A7C15)
    found = (found ^ (found >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    found = (found ^ (found >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return found ^ (found >> np.uint64(31))
