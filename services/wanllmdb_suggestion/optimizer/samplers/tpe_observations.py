"""What a sampler learns from, as columns that are kept while runs change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


class Kind(IntEnum):
    """What a run tells."""

    # Nothing: it waits, failed, or was canceled.
    NOTHING = 0
    # That somebody is at this point already.
    RUNNING = 1
    # How good the point is.
    COMPLETE = 2
    # How good the point was when it was given up.
    PRUNED = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """A run's point, shape (parameters,), and its loss; smaller is better.

    The loss of a pruned run is None where it reported no value; its `step` says
    how far it got.
    """

    kind: Kind
    point: Floats
    loss: float | None = None
    step: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """Places of the better and the worse runs, each ascending."""

    below: Places
    above: Places


class Observations:
    """Observations by run number.

    Optuna reads all trials into such arrays at every ask, which at 1,000 runs
    is two thirds of its time.
    """

    def __init__(self, parameters: int) -> None:
        self._points: Floats = np.zeros((64, parameters))
        self._losses: Floats = np.zeros(64)
        self._steps = np.zeros(64, dtype=np.int64)
        self._kinds = np.zeros(64, dtype=np.int8)
        self._count = 0
        # Complete and pruned ones.
        self.ended = 0

    def put(self, number: int, observation: Observation) -> None:
        """Makes this the run's observation, whatever it was before."""
        while number >= len(self._kinds):
            self._grow()
        self._count = max(self._count, number + 1)
        self.ended -= int(self._kinds[number] >= Kind.COMPLETE)
        self.ended += int(observation.kind >= Kind.COMPLETE)
        self._kinds[number] = observation.kind
        # A pruned run without a value is the worst of the pruned: NaN sorts last,
        # behind infinity.
        self._losses[number] = np.nan if observation.loss is None else observation.loss
        self._steps[number] = observation.step
        self._points[number] = observation.point

    def get(self, number: int) -> Observation:
        """The run's observation; Kind.NOTHING where there is none."""
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
        """One parameter's values at these places."""
        values: Floats = self._points[places, parameter]
        return values

    def split(self, best: int, *, without: int) -> Split:
        """The `best` best runs and all others, running ones among these; run `without` left out.

        Complete runs are better than pruned ones; of the pruned ones those that got
        further, as Optuna has it; of equal ones the earlier.
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
            # Without a value it got nowhere.
            return places[np.lexsort((losses, -self._steps[places], np.isnan(losses)))]
        return places[np.argsort(losses, kind="stable")]

    def _grow(self) -> None:
        size = len(self._kinds)
        self._points = np.concatenate([self._points, np.zeros_like(self._points)])
        self._losses = np.concatenate([self._losses, np.zeros(size)])
        self._steps = np.concatenate([self._steps, np.zeros(size, dtype=np.int64)])
        self._kinds = np.concatenate([self._kinds, np.zeros(size, dtype=np.int8)])
