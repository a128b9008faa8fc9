"""The learning curves of all runs, in the form that Optuna's pruners read."""

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
    """The values of one run in step order.

    Attributes:
        number: The number of the run.
        attempt: The attempt that reported the values.
        trial: The run as Optuna reads it, with the same values and the state of the run. A
            pruner may set its system attributes.
        steps: Ascending.
        values: By index in `steps`; may be NaN or infinite.
        finite: How many values are finite.
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
        """Take a value and return whether the step is new."""
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
        """Return the run with only the values up to index `at`."""
        values = dict(zip(self.steps[: at + 1], self.values, strict=False))
        return frozen_trial(self.number, self.trial.state, values, system_attrs)

    def count_at(self, step: int) -> int:
        """Estimate how many finite values the run has when it reaches the step.

        The estimate assumes the widest gap between steps so far, so with uneven steps it errs
        on the low side. After a single value the gap is unknown, and the next value counts.
        """
        gaps = [b - a for a, b in zip(self.steps, self.steps[1:], strict=False)]
        if not gaps:
            return self.finite + 1
        return self.finite + max(math.ceil((step - self.steps[-1]) / max(gaps)), 1)


class LearningCurves:
    """The learning curves of all runs, by number."""

    def __init__(self) -> None:
        self._by_number: dict[int, LearningCurve] = {}
        self._finished: dict[int, LearningCurve] = {}
        # The lowest number of a finished run that has values; None if not computed.
        self._first: int | None = None
        self.points = 0

    def __getitem__(self, number: int) -> LearningCurve:
        """Return the curve of the run, and make one if the run is unknown."""
        curve = self._by_number.get(number)
        if curve is None:
            trial = frozen_trial(number)
            curve = self._by_number[number] = LearningCurve(number, 0, trial)
        return curve

    def observe(self, record: RunRecord) -> None:
        """Take the state of a run."""
        trial = self._attempt(record.number, record.attempt).trial
        trial.state = TRIAL_STATES[record.state]
        self._first = None
        trial.value = record.objective if record.state is RunState.FINISHED else None
        if record.state is RunState.FINISHED and record.objective is not None:
            self._finished[record.number] = self[record.number]
        else:
            self._finished.pop(record.number, None)

    def add(self, point: ObjectivePoint) -> None:
        """Take a value; ignore an earlier attempt's, and overwrite the value of a known step."""
        curve = self._attempt(point.number, point.attempt)
        if point.attempt == curve.attempt:
            if not curve.steps:
                self._first = None
            self.points += curve.put(point.step, point.value)

    def all(self) -> list[LearningCurve]:
        """Return all curves."""
        return list(self._by_number.values())

    def finished(self) -> list[LearningCurve]:
        """Return the curves of runs that finished with an objective."""
        return list(self._finished.values())

    def first_finished(self) -> LearningCurve | None:
        """Return the curve of the lowest-numbered finished run that has values."""
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
    """The parts of a study that Optuna's pruners read, served from curves without copies.

    `asked` is the tested run as it was at its check, and replaces that run among all runs.
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
        """Return a view of the runs whose numbers satisfy `takes`."""
        return StudyView(
            self._curves, self.study_name, self._asked, minimize=self._minimize, takes=takes
        )

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the runs in any of the states, never as copies."""
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
        """The best finished run; of equal runs, the one with the lowest number.

        Raises:
            ValueError: no run has finished. Optuna raises the same.
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
    """Return a run as a trial of Optuna; the dictionaries are not copied."""
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
