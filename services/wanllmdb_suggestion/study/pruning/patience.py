"""Patience with runs that do not improve."""

from __future__ import annotations

from optuna.pruners import PatientPruner

from wanllmdb_suggestion.study.pruning.courses import Course, Courses, StudyView
from wanllmdb_suggestion.study.pruning.pruner import Pruner, Setting, Verdict


class Impatience:
    """When a run alone has gone without an improvement for too long."""

    def __init__(self, setting: Setting, patience: int, min_delta: float) -> None:
        self._setting = setting
        self._pruner = PatientPruner(None, patience, min_delta)
        # The latest `window` values are held against all before them.
        self.window = patience + 1
        self.min_delta = min_delta

    def is_out(self, course: Course, at: int) -> bool:
        """Whether patience was out at the place."""
        if at < self.window:
            return False
        asked = course.as_it_was(at)
        view = StudyView(Courses(), self._setting.name, asked, minimize=self._setting.minimize)
        return bool(self._pruner.prune(view.as_study, asked))


class Patience(Pruner):
    """Impatience, and a wrapped pruner, which must want to stop the run, too."""

    def __init__(self, setting: Setting, impatience: Impatience, wrapped: Pruner | None) -> None:
        self._setting = setting
        self._impatience = impatience
        self._wrapped = wrapped
        self.first_count = impatience.window + 1
        if wrapped is not None:
            self.first_count = max(self.first_count, wrapped.first_count)

    def last_check(self, course: Course, courses: Courses) -> int | None:
        """See Pruner."""
        at = len(course.steps) - 1
        if self._wrapped is not None:
            checked = self._wrapped.last_check(course, courses)
            if checked is None:
                return None
            at = checked
        return at if at >= self._impatience.window else None

    def next_count(self, course: Course, courses: Courses) -> int:
        """See Pruner."""
        missing = self._impatience.window + 1 - len(course.steps)
        count = course.finite + max(missing, 1)
        if self._wrapped is None:
            return count
        return max(count, self._wrapped.next_count(course, courses))

    def waiting_for(self, course: Course, courses: Courses) -> str:
        """See Pruner."""
        if self._wrapped is not None and self._wrapped.last_check(course, courses) is None:
            return self._wrapped.waiting_for(course, courses)
        needed = self._impatience.window + 1
        return f"nothing is compared before {needed} values, and it has {len(course.steps)}"

    def judge(self, course: Course, at: int, courses: Courses) -> Verdict:
        """See Pruner."""
        is_out = self._impatience.is_out(course, at)
        if is_out and self._wrapped is not None:
            verdict = self._wrapped.judge(course, at, courses)
            return Verdict(
                verdict.should_stop,
                f"its last {self._impatience.window} values of '{self._setting.metric}' were no "
                f"improvement, and {verdict.why}",
                verdict.step,
                verdict.threshold,
                verdict.value,
                verdict.compared,
            )
        values = course.values[: at + 1]
        before = self._setting.best(values[: -self._impatience.window])
        after = self._setting.best(values[-self._impatience.window :])
        if before is None or after is None:
            why = f"up to step {course.steps[at]} it has only NaN to compare"
            return Verdict(is_out, why)
        delta = self._impatience.min_delta
        threshold = before + delta if self._setting.minimize else before - delta
        return Verdict(
            is_out,
            f"at step {course.steps[at]} the best of its last {self._impatience.window} values of "
            f"'{self._setting.metric}' is {after:g}, and {threshold:g} is needed to be as good as "
            "those before" + (f" within {delta:g}" if delta else ""),
            course.steps[at],
            threshold,
            after,
            1,
        )
