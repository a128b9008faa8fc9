"""The values of all runs as Optuna's pruners read them, kept as values arrive."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any, cast

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from wanllmdb_suggestion.optimizer.optuna_internals import StudySubstitute
from wanllmdb_suggestion.optimizer.trial_storage import TRIAL_STATES
from wanllmdb_suggestion.optimizer.types import ObjectivePoint, RunRecord, RunState


@dataclass(slots=True)
class LearningCurve:
    """One run's values in step order; `trial` holds the same, and where the run stands.

    Attributes:
        number: The run's.
        attempt: The attempt that reported them.
        trial: What Optuna sees; of its system attributes, those that a pruner derives.
        steps: Ascending.
        values: By place in `steps`; may be NaN or infinite.
        finite: How many of them are finite.
        edits: Grows with every change of the values.
    """

    number: int
    attempt: int
    trial: FrozenTrial
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    finite: int = 0
    edits: int = 0

    def put(self, step: int, value: float) -> bool:
        """Takes a value; returns whether the step is new."""
        at = bisect_left(self.steps, step)
        is_new = at == len(self.steps) or self.steps[at] != step
        if is_new:
            self.steps.insert(at, step)
            self.values.insert(at, value)
        else:
            self.finite -= math.isfinite(self.values[at])
            self.values[at] = value
        self.finite += math.isfinite(value)
        self.trial.intermediate_values[step] = value
        self.edits += 1
        return is_new

    def as_it_was(self, at: int, system_attrs: dict[str, Any] | None = None) -> FrozenTrial:
        """The run with the values up to place `at` alone."""
        values = dict(zip(self.steps[: at + 1], self.values, strict=False))
        return frozen_trial(self.number, self.trial.state, values, system_attrs)

    def count_at(self, step: int) -> int:
        """How many finite values it has when it gets to the step, going on as it has so far.

        It is rather too few than too many: for where it goes in uneven steps. With
        one value nobody knows how far apart they are.
        """
        gaps = [b - a for a, b in zip(self.steps, self.steps[1:], strict=False)]
        if not gaps:
            return self.finite + 1
        return self.finite + max(math.ceil((step - self.steps[-1]) / max(gaps)), 1)


class LearningCurves:
    """All runs' curves, by number."""

    def __init__(self) -> None:
        self._by_number: dict[int, LearningCurve] = {}
        self._finished: dict[int, LearningCurve] = {}
        # The lowest number among the finished runs that have values; None when not known.
        self._first: int | None = None
        self.points = 0

    def __getitem__(self, number: int) -> LearningCurve:
        """The run's curve; it need not be known."""
        curve = self._by_number.get(number)
        if curve is None:
            trial = frozen_trial(number)
            curve = self._by_number[number] = LearningCurve(number, 0, trial)
        return curve

    def observe(self, record: RunRecord) -> None:
        """Takes where a run stands."""
        trial = self._attempt(record.number, record.attempt).trial
        trial.state = TRIAL_STATES[record.state]
        self._first = None
        trial.value = record.objective if record.state is RunState.FINISHED else None
        if record.state is RunState.FINISHED and record.objective is not None:
            self._finished[record.number] = self[record.number]
        else:
            self._finished.pop(record.number, None)

    def add(self, point: ObjectivePoint) -> None:
        """Takes a value; one of an earlier attempt is ignored, a known step overwritten."""
        curve = self._attempt(point.number, point.attempt)
        if point.attempt == curve.attempt:
            if not curve.steps:
                self._first = None
            self.points += curve.put(point.step, point.value)

    def all(self) -> list[LearningCurve]:
        """All of them."""
        return list(self._by_number.values())

    def finished(self) -> list[LearningCurve]:
        """Those of runs that finished with an objective."""
        return list(self._finished.values())

    def first_finished(self) -> LearningCurve | None:
        """That of the finished run with the lowest number among those that have values."""
        if self._first is None:
            numbers = (number for number, curve in self._finished.items() if curve.steps)
            self._first = min(numbers, default=None)
        return None if self._first is None else self._finished[self._first]

    def _attempt(self, number: int, attempt: int) -> LearningCurve:
        curve = self[number]
        if attempt > curve.attempt:
            self.points -= len(curve.steps)
            trial = frozen_trial(number, curve.trial.state)
            curve = self._by_number[number] = LearningCurve(number, attempt, trial)
            self._finished.pop(number, None)
            self._first = None
        return curve


class StudyView(StudySubstitute):
    """What Optuna's pruners ask of a study, answered from curves without a copy.

    `asked` is the run that is tested, as it was then; it stands in for itself
    among the others.
    """

    def __init__(
        self,
        curves: LearningCurves,
        name: str,
        asked: FrozenTrial,
        *,
        minimize: bool,
        takes: Callable[[int], bool] | None = None,
    ) -> None:
        self._curves = curves
        self._asked = asked
        self._minimize = minimize
        self._takes = takes
        self.study_name = name
        self.direction = StudyDirection.MINIMIZE if minimize else StudyDirection.MAXIMIZE

    def only(self, takes: Callable[[int], bool]) -> StudyView:
        """The runs with such numbers alone."""
        return StudyView(
            self._curves, self.study_name, self._asked, minimize=self._minimize, takes=takes
        )

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """The runs in any of the states; never copies."""
        if states == (TrialState.COMPLETE,) and self._takes is None:
            return [curve.trial for curve in self._curves.finished()]
        asked, number, takes = self._asked, self._asked.number, self._takes
        return [
            asked if curve.number == number else curve.trial
            for curve in self._curves.all()
            if (takes is None or takes(curve.number))
            and (states is None or curve.trial.state in states)
        ]

    @property
    def best_trial(self) -> FrozenTrial:
        """The best finished run, the one with the lowest number of equals.

        Raises:
            ValueError: there is none; this is what Optuna raises.
        """
        sign = 1.0 if self._minimize else -1.0
        trials = (curve.trial for curve in self._curves.finished())
        return min(trials, key=lambda t: (sign * cast("float", t.value), t.number))


def frozen_trial(
    number: int,
    state: TrialState = TrialState.RUNNING,
    values: dict[int, float] | None = None,
    system_attrs: dict[str, Any] | None = None,
) -> FrozenTrial:
    """A run as Optuna sees it; the dictionaries are kept, not copied."""
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None,
        datetime_start=None,
        datetime_complete=None,
        params={},
        distributions={},
        user_attrs={},
        system_attrs={} if system_attrs is None else system_attrs,
        intermediate_values={} if values is None else values,
    )
