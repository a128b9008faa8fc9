"""Optuna's successive halving, and its hyperband, which has several brackets of halving.

The rungs that runs reached are derived from their values.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

from optuna.pruners import SuccessiveHalvingPruner
from optuna.study import Study
from optuna.trial import FrozenTrial
from typing_extensions import override

from wanllmdb_suggestion.optimizer.optuna_internals import HyperbandBrackets
from wanllmdb_suggestion.optimizer.pruners.learning_curves import (
    LearningCurve,
    LearningCurves,
    StudyView,
    frozen_trial,
)
from wanllmdb_suggestion.optimizer.pruners.pruner import Decision, Pruner, Setting, count_of

# Whether a run may be tested at the index of one of its values.
Gate = Callable[[LearningCurve, int], bool]


class Ladder(NamedTuple):
    """Rungs at steps first * factor^i."""

    first: int
    factor: int

    def step(self, rung: int) -> int:
        """Return the step of the rung."""
        return self.first * int(self.factor**rung)


@dataclass(frozen=True, slots=True)
class Climb:
    """The rungs that one run reached.

    Attributes:
        places: For each reached rung, from the first on, the index of the value that reached
            the rung: the first value at the rung's step or later that is not NaN.
        last_check: The index of the run's latest value that a rung tests, which may be NaN;
            None if there is none.
    """

    places: tuple[int, ...]
    last_check: int | None

    def before_check(self) -> int:
        """Return how many rungs the run had reached before the last check."""
        return sum(place != self.last_check for place in self.places)


class Rungs:
    """The climbs of runs, cached until the values of a run change.

    Optuna records a rung when it tests a run there. Here rungs follow from the values, so that
    all replicas derive the same rungs. The one difference: a run that passes several rungs with
    one value is at all of them, even if a test at the first rung would have stopped the run.
    """

    def __init__(self, gate: Gate | None = None) -> None:
        self._gate = gate
        self._known: dict[int, tuple[LearningCurve, int, Ladder, Climb]] = {}

    def climb(self, curve: LearningCurve, ladder: Ladder) -> Climb:
        """Return the rungs of the ladder that the run reached."""
        number = curve.number
        known = self._known.get(number)
        if known is not None:
            same, edits, its_ladder, climb = known
            if same is curve and edits == curve.edits and its_ladder == ladder:
                return climb
        climb = self._climb(curve, ladder)
        self._known[number] = (curve, curve.edits, ladder, climb)
        curve.trial.system_attrs.clear()
        curve.trial.system_attrs.update(self.attributes(curve, climb.places))
        return climb

    @staticmethod
    def attributes(curve: LearningCurve, places: tuple[int, ...]) -> dict[str, float]:
        """Return the rungs as Optuna stores them in the attributes of a trial."""
        return {f"completed_rung_{i}": curve.values[place] for i, place in enumerate(places)}

    def _climb(self, curve: LearningCurve, ladder: Ladder) -> Climb:
        places: list[int] = []
        last_check: int | None = None
        for place in self._from(curve, ladder.first):
            if curve.steps[place] < ladder.step(len(places)):
                continue
            if self._gate is not None and not self._gate(curve, place):
                continue
            last_check = place
            while not math.isnan(curve.values[place]) and curve.steps[place] >= ladder.step(
                len(places)
            ):
                places.append(place)
        return Climb(tuple(places), last_check)

    @staticmethod
    def _from(curve: LearningCurve, step: int) -> Iterator[int]:
        return (place for place, at in enumerate(curve.steps) if at >= step)


class Halving(Pruner):
    """Compares a run's value at a rung with the values of all runs that reached the rung."""

    first_count = 2

    def __init__(
        self,
        setting: Setting,
        factor: int,
        bootstrap: int,
        gate: Gate | None,
        *,
        learns_length: bool,
    ) -> None:
        self._setting = setting
        self._learns_length = learns_length
        self._factor = factor
        self._bootstrap = bootstrap
        self._rungs = Rungs(gate)

    @abstractmethod
    def ladder(self, number: int, curves: LearningCurves) -> Ladder | None:
        """Return the run's rungs; None while the length of runs is unknown."""

    @abstractmethod
    def prune(self, asked: FrozenTrial, curves: LearningCurves) -> bool:
        """Return whether Optuna's pruner would stop the run."""

    def rivals(self, number: int, curves: LearningCurves) -> list[LearningCurve]:
        """Return the other runs that the run is compared with."""
        first = self._measure(curves)
        # Runs that ended while the length of runs was unknown were never tested.
        least = 0 if first is None else first.number + 1
        return [c for c in curves.all() if c.number >= least and c.number != number]

    @override
    def last_check(self, curve: LearningCurve, curves: LearningCurves) -> int | None:
        ladder = self.ladder(curve.number, curves)
        return None if ladder is None else self._rungs.climb(curve, ladder).last_check

    @override
    def next_count(self, curve: LearningCurve, curves: LearningCurves) -> int:
        ladder = self.ladder(curve.number, curves)
        if ladder is None:
            return curve.finite + 1
        return curve.count_at(ladder.step(len(self._rungs.climb(curve, ladder).places)))

    @override
    def waiting_for(self, curve: LearningCurve, curves: LearningCurves) -> str:
        ladder = self.ladder(curve.number, curves)
        if ladder is None:
            return "nothing is compared before a run has finished, which shows how long runs are"
        return f"it is at step {curve.steps[-1]}, and its first rung is at step {ladder.first}"

    @override
    def judge(self, curve: LearningCurve, at: int, curves: LearningCurves) -> Decision:
        number = curve.number
        ladder = self.ladder(number, curves)
        assert ladder is not None, "there was a check"
        # `climb` also writes the rungs to the trials, where Optuna reads them.
        rivals = [(r, self._rungs.climb(r, ladder).places) for r in self.rivals(number, curves)]
        climb = self._rungs.climb(curve, ladder)
        before = climb.before_check()
        asked = curve.as_it_was(at, dict(Rungs.attributes(curve, climb.places[:before])))
        should_stop = self.prune(asked, curves)
        metric, value = self._setting.metric, curve.values[at]
        if math.isnan(value):
            step = ladder.step(before)
            return Decision(should_stop, f"at the rung of step {step} its '{metric}' is NaN", step)
        # One value may reach several rungs, which Optuna tests in turn.
        rung, others, threshold = before, list[float](), value
        for rung in range(before, len(climb.places)):
            others = [r.values[places[rung]] for r, places in rivals if rung < len(places)]
            if len(others) < self._bootstrap:
                return Decision(
                    should_stop,
                    f"at the rung of step {ladder.step(rung)} there are "
                    f"{count_of(len(others), 'other run')}, and bootstrap_count asks for "
                    f"{self._bootstrap}",
                    ladder.step(rung),
                )
            threshold = self._threshold([*others, value])
            if self._setting.worse(value, threshold):
                break
        return Decision(
            should_stop,
            f"at the rung of step {ladder.step(rung)} its '{metric}' is {value:g}, and "
            f"{threshold:g} is needed to be among the best 1/{self._factor} of the "
            f"{count_of(len(others) + 1, 'run')} that got there",
            ladder.step(rung),
            threshold,
            value,
            len(others) + 1,
        )

    def _measure(self, curves: LearningCurves) -> LearningCurve | None:
        """Return the run that defines the length of runs; None without one, or if options do.

        Optuna takes the run that finished first. Records do not hold the order in which runs
        finished, so this is the finished run with the lowest number.
        """
        return curves.first_finished() if self._learns_length else None

    def _threshold(self, values: list[float]) -> float:
        """Return the worst value that passes; the best value always passes."""
        best_first = sorted(values, reverse=not self._setting.minimize)
        return best_first[max(len(values) // self._factor - 1, 0)]


class SuccessiveHalving(Halving):
    """ASHA: one ladder for all runs; Optuna's successive halving pruner."""

    def __init__(
        self,
        setting: Setting,
        min_resource: int | None,
        reduction_factor: int,
        min_early_stopping_rate: int,
        bootstrap_count: int,
        gate: Gate | None = None,
    ) -> None:
        super().__init__(
            setting, reduction_factor, bootstrap_count, gate, learns_length=min_resource is None
        )
        self._min_resource = min_resource
        self._rate = min_early_stopping_rate

    @override
    def ladder(self, number: int, curves: LearningCurves) -> Ladder | None:
        resource = self._resource(curves)
        if resource is None:
            return None
        return Ladder(resource * self._factor**self._rate, self._factor)

    @override
    def prune(self, asked: FrozenTrial, curves: LearningCurves) -> bool:
        resource = self._resource(curves)
        assert resource is not None, "there was a check"
        pruner = SuccessiveHalvingPruner(
            resource, self._factor, self._rate, bootstrap_count=self._bootstrap
        )
        view = StudyView(curves, self._setting.name, asked, minimize=self._setting.minimize)
        return pruner.prune(view.as_study, asked)

    def _resource(self, curves: LearningCurves) -> int | None:
        if self._min_resource is not None:
            return self._min_resource
        first = self._measure(curves)
        return None if first is None else max(first.steps[-1] // 100, 1)


class Hyperband(Halving):
    """Brackets of successive halving; Optuna's hyperband pruner.

    The bracket of a run follows from its number and the sweep's seed.
    """

    def __init__(
        self,
        setting: Setting,
        min_resource: int,
        max_resource: int | None,
        reduction_factor: int,
        bootstrap_count: int,
        gate: Gate | None = None,
    ) -> None:
        super().__init__(
            setting, reduction_factor, bootstrap_count, gate, learns_length=max_resource is None
        )
        self._min_resource = min_resource
        self._max_resource = max_resource
        self._brackets: _Brackets | None = None

    @override
    def ladder(self, number: int, curves: LearningCurves) -> Ladder | None:
        brackets = self._known_brackets(curves)
        if brackets is None:
            return None
        bracket = brackets.of(number)
        return Ladder(self._min_resource * self._factor**bracket, self._factor)

    @override
    def rivals(self, number: int, curves: LearningCurves) -> list[LearningCurve]:
        brackets = self._known_brackets(curves)
        assert brackets is not None, "there was a check"
        mine = brackets.of(number)
        return [
            curve for curve in super().rivals(number, curves) if brackets.of(curve.number) == mine
        ]

    @override
    def prune(self, asked: FrozenTrial, curves: LearningCurves) -> bool:
        brackets = self._known_brackets(curves)
        assert brackets is not None, "there was a check"
        view = StudyView(curves, self._setting.name, asked, minimize=self._setting.minimize)
        return brackets.prune(view.as_study, asked)

    def _known_brackets(self, curves: LearningCurves) -> _Brackets | None:
        most = self._max_resource
        if most is None:
            first = self._measure(curves)
            if first is None:
                return None
            most = first.steps[-1] + 1
        if most < self._min_resource:
            return None
        if self._brackets is None or self._brackets.max_resource != most:
            self._brackets = _Brackets(
                self._setting.name, self._min_resource, most, self._factor, self._bootstrap
            )
        return self._brackets


class _Brackets(HyperbandBrackets):
    """Optuna's brackets, over a StudyView instead of a storage."""

    def __init__(
        self, name: str, min_resource: int, max_resource: int, factor: int, bootstrap: int
    ) -> None:
        super().__init__(min_resource, max_resource, factor, bootstrap)
        self.max_resource = max_resource
        self._by_number: dict[int, int] = {}
        self._sweep = StudyView(LearningCurves(), name, frozen_trial(0), minimize=True).as_study
        self.start(self._sweep)

    def of(self, number: int) -> int:
        """Return the bracket of the run."""
        bracket = self._by_number.get(number)
        if bracket is None:
            bracket = self.bracket_id(self._sweep, frozen_trial(number))
            self._by_number[number] = bracket
        return bracket

    @override
    def bracket_study(self, study: Study, bracket_id: int) -> Study:
        view = cast("StudyView", study)
        return view.only(lambda number: self.of(number) == bracket_id).as_study
