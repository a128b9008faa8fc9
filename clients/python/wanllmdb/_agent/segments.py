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
        self._step = step
        self._free = step
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
    def reports(self) -> bool:
        """Whether one of them reports."""
        return any(each.stand_in is None for each in self._open)

    @property
    def stand_in(self) -> LocalRun | None:
        """The stand-in that the last `init` returned; None where it reports."""
        return self._open[-1].stand_in if self._open else None

    @property
    def step(self) -> int:
        """The step that comes next, as the program counts."""
        return max(self._step - self._offset, 0)

    @property
    def next_step(self) -> int:
        """The step that comes next in the run's history."""
        return self._step

    def begins(self, *, nested: bool) -> bool:
        """Whether an `init` begins a segment, rather than returning the open one."""
        return self._is_implicit or not self._open or nested

    def begin(self, stand_in: LocalRun | None) -> None:
        """Begins a segment: the first one, a further one, or one within the others."""
        self.was_silent |= stand_in is not None
        if self._is_implicit:
            self._is_implicit = False
            self._open[-1].stand_in = stand_in
            return
        for each in self._open[-1:]:
            each.resumes_at = self.step
        self._step = self._free = max(self._step, self._free)
        self._open.append(_Segment(stand_in, first=self._free, offset=self._free))

    def end(self, stand_in: LocalRun | None = None) -> bool:
        """Ends the last one that reports, or that of a stand-in; False where there is none."""
        for index in reversed(range(len(self._open))):
            if self._open[index].stand_in is stand_in:
                break
        else:
            return False
        was_last = index == len(self._open) - 1
        ended = self._open.pop(index)
        self._is_implicit = False
        if was_last and self._open and self._free > ended.first:
            outer = self._open[-1]
            self._step = outer.first = self._free
            outer.offset = max(self._free - outer.resumes_at, 0)
        return True

    def end_all(self) -> None:
        """Ends all: the run itself ends."""
        self._open.clear()
        self._is_implicit = False

    def placed(self, step: int) -> int | None:
        """A step that the program gave, in the run's history; None where that has no room."""
        if not self._open:
            return step
        now = max(step + self._offset, self._open[-1].first)
        return now if now <= _LAST_STEP else None

    def take(self, step: int, *, reports: bool = True) -> None:
        """A step of the history was logged, with values or without."""
        self.has_reported |= reports
        self._step = max(self._step, step)
        self._free = max(self._free, step + 1)

    def advance(self) -> None:
        """The next values are of the next step."""
        self._step += 1

    @property
    def _offset(self) -> int:
        return self._open[-1].offset if self._open else 0
