"""The observations that TPE learns from, as columns that are updated while runs change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


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

    The loss of a pruned run is None if the run reported no value. `step` is the last step that
    a pruned run reached.
    """

    kind: Kind
    point: Floats
    loss: float | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """The indices of the better and the worse runs, each ascending."""

    below: Places
    above: Places


class Observations:
    """Observations by run number.

    Optuna reads all trials into such arrays at every ask, which takes two thirds of its time at
    1,000 runs.
    """

    def __init__(self, parameters: int) -> None:
        self._points: Floats = np.zeros((64, parameters))
        self._losses: Floats = np.zeros(64)
        self._steps = np.zeros(64, dtype=np.int64)
        self._kinds = np.zeros(64, dtype=np.int8)
        self._count = 0
        # How many runs are complete or pruned.
        self.ended = 0

    def put(self, number: int, observation: Observation) -> None:
        """Set the run's observation, replacing any earlier one."""
        while number >= len(self._kinds):
            self._grow()
        self._count = max(self._count, number + 1)
        self.ended -= int(self._kinds[number] >= Kind.COMPLETE)
        self.ended += int(observation.kind >= Kind.COMPLETE)
        self._kinds[number] = observation.kind
        # A pruned run without a value is the worst pruned run: NaN sorts last, behind infinity.
        self._losses[number] = np.nan if observation.loss is None else observation.loss
        self._steps[number] = observation.step
        self._points[number] = observation.point

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

    def columns(self, places: Places, parameter: int) -> Floats:
        """Return the values of one parameter at these indices."""
        values: Floats = self._points[places, parameter]
        return values

    def split(self, best: int, *, without: int) -> Split:
        """Split into the `best` best runs and all others, which include running ones.

        As in Optuna, complete runs rank before pruned ones, a pruned run before those that
        reached an earlier step, and of equal runs the earlier one first. Run `without` is left out.
        """
        kinds = self._kinds[: self._count].copy()
        if without < self._count:
            kinds[without] = Kind.NOTHING
        complete = self._ranked(kinds, Kind.COMPLETE)
        pruned = self._ranked(kinds, Kind.PRUNED)
        below = complete[:best]
        below = np.sort(np.concatenate([below, pruned[: best - len(below)]]))
        kinds[below] = Kind.NOTHING
        return Split(below, np.flatnonzero(kinds))

    def _ranked(self, kinds: NDArray[np.int8], kind: Kind) -> Places:
        places = np.flatnonzero(kinds == kind)
        losses = self._losses[places]
        if kind is Kind.PRUNED:
            # A run without a value ranks last.
            return places[np.lexsort((losses, -self._steps[places], np.isnan(losses)))]
        return places[np.argsort(losses, kind="stable")]

    def _grow(self) -> None:
        size = len(self._kinds)
        self._points = np.concatenate([self._points, np.zeros_like(self._points)])
        self._losses = np.concatenate([self._losses, np.zeros(size)])
        self._steps = np.concatenate([self._steps, np.zeros(size, dtype=np.int64)])
        self._kinds = np.concatenate([self._kinds, np.zeros(size, dtype=np.int8)])
