"""The parts of a run between `init` and `finish`, as its program calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wanllmdb._agent.local_run import LocalRun

_LAST_STEP = 2**63 - 2


@dataclass(slots=True)
class _Segment:
    """One `init` that is not finished yet.

    `stand_in` is what it returned where it reports nothing. Steps that the program gives are
    counted from `offset`, and none is before `first`.
    """

    stand_in: LocalRun | None = None
    first: int = 0
    offset: int = 0
    resumes_at: int = 0
    """The step, as the program counts, that it has come to when one within it begins."""


class Segments:
    """Which `init` of a run are open, and where the steps of each one stand. Not thread-safe.

    A function may finish its run and begin it again, or begin it within itself, once for each
    fold for example. It counts its steps from 0 each time. Here all have one history: those of
    a later part come after all steps of the parts before it, so that the last value is the last
    one in time.

    Until the first `init` there is a segment that no call opened: a function may log without.

    Args:
        step: the step that comes next.
        is_continued: whether the program counts on from `step` itself, since it resumes.
    """

    def __init__(self, step: int = 0, *, is_continued: bool = True) -> None:
        offset = 0 if is_continued else step
        self._open = [_Segment(first=offset, offset=offset)]
        self._is_implicit = True
        self.next_step = step
        """The step that comes next in the run's history."""
        self.free_step = step
        """The first step of the run's history that has no values, nor has any after it."""
        self.reports = True
        """Whether one of those that are open reports."""
        self.has_reported = False
        """Whether a value was logged in any of them."""
        self.was_silent = False
        """Whether any `init` returned a stand-in."""

    @property
    def is_open(self) -> bool:
        """Whether there is an `init` without its `finish`, or there was no `init` yet."""
        return bool(self._open)

    @property
    def has_begun(self) -> bool:
        """Whether `init` was called, or the segment before it was ended without."""
        return not self._is_implicit

    @property
    def stand_in(self) -> LocalRun | None:
        """The stand-in that the last `init` returned; None where it reports."""
        return self._open[-1].stand_in if self._open else None

    @property
    def step(self) -> int:
        """The step that comes next, as the program counts."""
        return max(self.next_step - self._offset, 0)

    def begins(self, *, nested: bool) -> bool:
        """Whether an `init` begins a segment, rather than returning the open one."""
        return self._is_implicit or not self._open or nested

    def begin(self, stand_in: LocalRun | None) -> None:
        """Begins a segment: the first one, a further one, or one within the others."""
        self.was_silent |= stand_in is not None
        if self._is_implicit:
            self._is_implicit = False
            self._open[-1].stand_in = stand_in
            self.reports = stand_in is None
            return
        for each in self._open[-1:]:
            each.resumes_at = self.step
        self.next_step = self.free_step = max(self.next_step, self.free_step)
        self._open.append(_Segment(stand_in, first=self.free_step, offset=self.free_step))
        self.reports |= stand_in is None

    def end(self, stand_in: LocalRun | None = None) -> bool:
        """Ends the last one that reports, or that of a stand-in; False where there is none."""
        for index in reversed(range(len(self._open))):
            if self._open[index].stand_in is stand_in:
                break
        else:
            return False
        was_last = index == len(self._open) - 1
        ended = self._open.pop(index)
        self.reports = any(each.stand_in is None for each in self._open)
        self._is_implicit = False
        if was_last and self._open and self.free_step > ended.first:
            outer = self._open[-1]
            self.next_step = outer.first = self.free_step
            outer.offset = max(self.free_step - outer.resumes_at, 0)
        return True

    def end_all(self) -> None:
        """Ends all: the run itself ends."""
        self._open.clear()
        self.reports = False
        self._is_implicit = False

    def placed(self, step: int) -> int | None:
        """A step that the program gave, in the run's history; None where that has no room."""
        if not self._open:
            return step
        now = max(step + self._offset, self._open[-1].first)
        return now if now <= _LAST_STEP else None

    def take(self, step: int, *, reports: bool = True) -> None:
        """A step of the history was logged, with values or without."""
        if reports:
            self.has_reported = True
        # Each step of training comes here: `max` would take twice as long.
        if step > self.next_step:
            self.next_step = step
        if step >= self.free_step:
            self.free_step = step + 1

    def skip_to(self, free: int) -> None:
        """Has what follows come after all steps before this one, which others have used."""
        if free <= self.free_step:
            return
        at = self.step
        self.next_step = self.free_step = free
        if self._open:
            self._open[-1].first = free
            self._open[-1].offset = max(free - at, 0)

    def advance(self) -> None:
        """The next values are of the next step."""
        self.next_step += 1

    @property
    def _offset(self) -> int:
        return self._open[-1].offset if self._open else 0
