"""The observations that TPE learns from, updated while runs change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wanllmdb_suggestion.optimizer.samplers.tpe_columns import (
    MOST_ENDED,
    Floats,
    Indexes,
    Kind,
    RunColumns,
)
from wanllmdb_suggestion.optimizer.samplers.tpe_fronts import Fronts
from wanllmdb_suggestion.optimizer.samplers.tpe_groups import Groups
from wanllmdb_suggestion.optimizer.samplers.tpe_leaders import Leaders


@dataclass(frozen=True, slots=True)
class Observation:
    """A run's point, of shape (parameters,), and its losses by metric; smaller is better.

    The point has NaN for parameters that the run does not have.

    A pruned run that reported no value has no losses. `step` is the last step that a pruned run
    reached. With several metrics, no run is PRUNED.
    """

    kind: Kind
    point: Floats
    losses: tuple[float, ...] = ()
    step: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class EndedSplit:
    """The indices of the better and the worse ended runs, each ascending.

    Attributes:
        below: The better runs.
        above: The worse runs, or a sample of them.
        represented: How many runs each of `above` stands for.
        is_sample: Whether `above` is a sample.
    """

    below: Indexes
    above: Indexes
    represented: Floats
    is_sample: bool


@dataclass(frozen=True, slots=True)
class Split:
    """The better and the worse runs, and the indices of the running ones, ascending.

    `ended` is the same object until an ended run changes.
    """

    ended: EndedSplit
    running: Indexes


# Of more than `MOST_ENDED` runs, a part stands for the worse ones: the best of them, beside which
# candidates lie, and a random sample of the others.
NEXT_BEST = 1024
SAMPLED = 1024


class Observations:
    """Observations by run number, split into better and worse ones for each ask."""

    def __init__(self, parameters: int, *, metrics: int = 1, seed: int = 0) -> None:
        self._columns = RunColumns(parameters, metrics, seed)
        self._ranking = Leaders(self._columns) if metrics == 1 else Fronts(self._columns)
        self._groups = Groups(self._columns)
        # The last split of the ended runs, by the question that it answers.
        self._asked: tuple[int, int, int] | None = None
        self._ended: EndedSplit | None = None
        # How many of the ended runs have each parameter.
        self._having = np.zeros(parameters, dtype=np.int64)

    @property
    def ended(self) -> int:
        """How many runs are complete or pruned."""
        return self._columns.ended

    def put(self, number: int, observation: Observation) -> None:
        """Set the run's observation, replacing any earlier one."""
        columns = self._columns
        columns.reach(number)
        if columns.is_ended(number):
            self._ranking.remove(number)
            self._groups.remove(number)
            columns.ended -= 1
            columns.changes += 1
            self._having -= ~np.isnan(columns.points[number])
        columns.kinds[number] = observation.kind
        columns.losses[number] = observation.losses or np.nan
        columns.steps[number] = observation.step
        columns.points[number] = observation.point
        if observation.kind >= Kind.COMPLETE:
            self._ranking.insert(number)
            self._groups.insert(number)
            columns.ended += 1
            columns.changes += 1
            self._having += ~np.isnan(observation.point)

    def put_all(
        self,
        numbers: Indexes,
        kinds: Sequence[Kind],
        points: Floats,
        losses: Floats,
        steps: Indexes,
    ) -> None:
        """Set the observations of runs that have none yet; arguments are by run.

        Args:
            numbers: The numbers of the runs, at least one.
            kinds: What the observations show.
            points: Of shape (runs, parameters).
            losses: Of shape (runs, metrics); NaN for runs without a value.
            steps: The last steps.
        """
        columns = self._columns
        columns.reach(int(numbers.max()))
        columns.kinds[numbers] = kinds
        columns.points[numbers] = points
        columns.losses[numbers] = losses
        columns.steps[numbers] = steps
        is_ended = columns.kinds[numbers] >= Kind.COMPLETE
        columns.ended += int(np.count_nonzero(is_ended))
        columns.changes += 1
        self._having += (~np.isnan(points[is_ended])).sum(axis=0)
        self._ranking.take(numbers[is_ended])
        self._groups.take()

    @property
    def shared(self) -> list[int]:
        """The columns of the parameters that all ended runs have."""
        found: list[int] = np.flatnonzero(self._having == self.ended).tolist()
        return found

    def groups(self) -> list[list[int]]:
        """Return the columns of the parameters that ended runs have only together, by group."""
        return self._groups.groups()

    def get(self, number: int) -> Observation:
        """Return the run's observation; Kind.NOTHING if there is none."""
        columns = self._columns
        if number >= columns.count:
            return Observation(Kind.NOTHING, np.zeros(columns.points.shape[1]))
        losses = tuple(columns.losses[number].tolist())
        return Observation(
            Kind(columns.kinds[number]),
            columns.points[number].copy(),
            () if np.isnan(losses[0]) else losses,
            int(columns.steps[number]),
        )

    def points(self, indexes: Indexes, columns: Sequence[int]) -> Floats:
        """Return the points at these indices, of shape (indices, columns)."""
        values: Floats = self._columns.points[indexes[:, None], list(columns)]
        return values

    def split(self, best: int, *, without: int) -> Split:
        """Split the ended runs into the `best` best runs and all others.

        Run `without` is left out.

        Of more than `MOST_ENDED` ended runs, the worse ones are the best among them and a random
        sample of the others, which follows from the seed and the numbers of the runs.
        """
        columns = self._columns
        running = np.flatnonzero(columns.kinds[: columns.count] == Kind.RUNNING)
        running = running[running != without]
        asked = (columns.changes, best, without if columns.is_ended(without) else -1)
        if self._ended is None or asked != self._asked:
            self._ended, self._asked = self._split(best, without), asked
        return Split(self._ended, running)

    def _split(self, best: int, without: int) -> EndedSplit:
        columns = self._columns
        is_many = columns.ended > MOST_ENDED
        ranked = self._ranking.best(best, NEXT_BEST if is_many else 0, without=without)
        below = np.sort(ranked[:best])
        is_worse = columns.are_ended()
        is_worse[below] = False
        if without < columns.count:
            is_worse[without] = False
        worse = np.flatnonzero(is_worse)
        if not is_many:
            return EndedSplit(below, worse, np.ones(len(worse)), is_sample=False)
        is_next = np.zeros(columns.count, dtype=bool)
        is_next[ranked[best:]] = True
        is_next = is_next[worse]
        is_drawn = ~is_next & columns.sample(SAMPLED)[worse]
        others = int(np.count_nonzero(~is_next))
        each = others / max(1, int(np.count_nonzero(is_drawn)))
        is_chosen = is_next | is_drawn
        represented = np.where(is_next, 1.0, each)[is_chosen]
        return EndedSplit(below, worse[is_chosen], represented, is_sample=True)
