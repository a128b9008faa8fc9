"""Successive halving, and hyperband, which has several brackets of it."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import cast

from optuna.pruners import HyperbandPruner, SuccessiveHalvingPruner
from optuna.study import Study
from optuna.trial import FrozenTrial

from wanllmdb_suggestion.study.pruning.courses import Course, Courses, StudyView, frozen_trial
from wanllmdb_suggestion.study.pruning.decision import count_of
from wanllmdb_suggestion.study.pruning.pruner import Pruner, Setting, Verdict
from wanllmdb_suggestion.study.pruning.rungs import Gate, Ladder, Rungs


class Halving(Pruner):
    """A run's value at a rung against those of all runs that got there."""

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
    def ladder(self, number: int, courses: Courses) -> Ladder | None:
        """The run's rungs; None while nobody knows how long runs are."""

    @abstractmethod
    def prune(self, asked: FrozenTrial, courses: Courses) -> bool:
        """What Optuna says."""

    def rivals(self, number: int, courses: Courses) -> list[Course]:
        """The runs that the run is compared with, without itself."""
        first = self._measure(courses)
        # Runs that ended before anybody knew how long runs are were never tested.
        least = 0 if first is None else first.number + 1
        return [c for c in courses.all() if c.number >= least and c.number != number]

    def last_check(self, course: Course, courses: Courses) -> int | None:
        """See Pruner."""
        ladder = self.ladder(course.number, courses)
        return None if ladder is None else self._rungs.climb(course, ladder).last_check

    def next_count(self, course: Course, courses: Courses) -> int:
        """See Pruner."""
        ladder = self.ladder(course.number, courses)
        if ladder is None:
            return course.finite + 1
        return course.count_at(ladder.step(len(self._rungs.climb(course, ladder).places)))

    def waiting_for(self, course: Course, courses: Courses) -> str:
        """See Pruner."""
        ladder = self.ladder(course.number, courses)
        if ladder is None:
            return "nothing is compared before a run finished, which says how long runs are"
        return f"it is at step {course.steps[-1]}, and its first rung is at step {ladder.first}"

    def judge(self, course: Course, at: int, courses: Courses) -> Verdict:
        """See Pruner."""
        number = course.number
        ladder = self.ladder(number, courses)
        assert ladder is not None, "there was a check"
        # Also what tells Optuna of their rungs.
        rivals = [(r, self._rungs.climb(r, ladder).places) for r in self.rivals(number, courses)]
        climb = self._rungs.climb(course, ladder)
        before = climb.before_check()
        asked = course.as_it_was(at, dict(Rungs.attributes(course, climb.places[:before])))
        should_stop = self.prune(asked, courses)
        metric, value = self._setting.metric, course.values[at]
        if math.isnan(value):
            step = ladder.step(before)
            return Verdict(should_stop, f"at the rung of step {step} its '{metric}' is NaN", step)
        # One value may have got it to several rungs: Optuna tests them in turn.
        rung, others, threshold = before, list[float](), value
        for rung in range(before, len(climb.places)):
            others = [r.values[places[rung]] for r, places in rivals if rung < len(places)]
            if len(others) < self._bootstrap:
                return Verdict(
                    should_stop,
                    f"at the rung of step {ladder.step(rung)} there are "
                    f"{count_of(len(others), 'other run')}, and bootstrap_count asks for "
                    f"{self._bootstrap}",
                    ladder.step(rung),
                )
            threshold = self._threshold([*others, value])
            if self._setting.worse(value, threshold):
                break
        return Verdict(
            should_stop,
            f"at the rung of step {ladder.step(rung)} its '{metric}' is {value:g}, and "
            f"{threshold:g} is needed to be among the best 1/{self._factor} of the "
            f"{count_of(len(others) + 1, 'run')} that got there",
            ladder.step(rung),
            threshold,
            value,
            len(others) + 1,
        )

    def _measure(self, courses: Courses) -> Course | None:
        """The run that tells how long runs are; None for none yet, and where options tell.

        Optuna takes the first one that finished. Of when runs finished records say
        nothing, so it is the finished one with the lowest number.
        """
        return courses.first_finished() if self._learns_length else None

    def _threshold(self, values: list[float]) -> float:
        """The worst value that passes; the best one always does."""
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

    def ladder(self, number: int, courses: Courses) -> Ladder | None:
        """See Halving."""
        resource = self._resource(courses)
        if resource is None:
            return None
        return Ladder(resource * self._factor**self._rate, self._factor)

    def prune(self, asked: FrozenTrial, courses: Courses) -> bool:
        """See Halving."""
        resource = self._resource(courses)
        assert resource is not None, "there was a check"
        pruner = SuccessiveHalvingPruner(
            resource, self._factor, self._rate, bootstrap_count=self._bootstrap
        )
        view = StudyView(courses, self._setting.name, asked, minimize=self._setting.minimize)
        return pruner.prune(view.as_study, asked)

    def _resource(self, courses: Courses) -> int | None:
        if self._min_resource is not None:
            return self._min_resource
        first = self._measure(courses)
        return None if first is None else max(first.steps[-1] // 100, 1)


class Hyperband(Halving):
    """Brackets of successive halving; Optuna's hyperband pruner.

    A run's bracket follows from its number and the sweep's seed.
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

    def ladder(self, number: int, courses: Courses) -> Ladder | None:
        """See Halving."""
        brackets = self._known_brackets(courses)
        if brackets is None:
            return None
        bracket = brackets.of(number)
        return Ladder(self._min_resource * self._factor**bracket, self._factor)

    def rivals(self, number: int, courses: Courses) -> list[Course]:
        """See Halving."""
        brackets = self._known_brackets(courses)
        assert brackets is not None, "there was a check"
        mine = brackets.of(number)
        return [
            course
            for course in super().rivals(number, courses)
            if brackets.of(course.number) == mine
        ]

    def prune(self, asked: FrozenTrial, courses: Courses) -> bool:
        """See Halving."""
        brackets = self._known_brackets(courses)
        assert brackets is not None, "there was a check"
        view = StudyView(courses, self._setting.name, asked, minimize=self._setting.minimize)
        return brackets.prune(view.as_study, asked)

    def _known_brackets(self, courses: Courses) -> _Brackets | None:
        most = self._max_resource
        if most is None:
            first = self._measure(courses)
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


class _Brackets(HyperbandPruner):
    """Optuna's brackets, over views instead of its storage."""

    def __init__(
        self, name: str, min_resource: int, max_resource: int, factor: int, bootstrap: int
    ) -> None:
        super().__init__(min_resource, max_resource, factor, bootstrap)
        self.max_resource = max_resource
        self._by_number: dict[int, int] = {}
        self._sweep = StudyView(Courses(), name, frozen_trial(0), minimize=True).as_study
        self._try_initialization(self._sweep)

    def of(self, number: int) -> int:
        """The run's bracket."""
        bracket = self._by_number.get(number)
        if bracket is None:
            bracket = self._get_bracket_id(self._sweep, frozen_trial(number))
            self._by_number[number] = bracket
        return bracket

    def _create_bracket_study(self, study: Study, bracket_id: int) -> Study:
        view = cast("StudyView", study)
        return view.only(lambda number: self.of(number) == bracket_id).as_study
