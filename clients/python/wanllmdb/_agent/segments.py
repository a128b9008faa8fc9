"""The parts of a run between the program's calls of `init` and `finish`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wanllmdb._agent.local_run import LocalRun

_LAST_STEP = 2**63 - 2


@dataclass(slots=True)
class _Segment:
    """One `init` that is not finished yet.

    `stand_in` is its result if it reports nothing. The program's steps are counted from
    `offset`, and the smallest possible step is `first`.
    """

    stand_in: LocalRun | None = None
    first: int = 0
    offset: int = 0
    resumes_at: int = 0
    """The program's own step at which a nested segment began."""


class Segments:
    """The open `init`s of a run, and the steps of each. Not thread-safe.

    A function may finish its run and begin it again, or begin nested parts, for example one per
    fold. The function counts the steps of each part from 0. The run has a single history, in
    which the steps of a later part follow all earlier steps, so that the last value is also the
    latest in time.

    Before the first `init`, one implicit segment is open, since a function may log without
    `init`.

    Args:
        step: the next step.
        is_continued: whether the program continues to count from `step`, since it resumes.
    """

    def __init__(self, step: int = 0, *, is_continued: bool = True) -> None:
        offset = 0 if is_continued else step
        self._open = [_Segment(first=offset, offset=offset)]
        self._is_implicit = True
        self.next_step = step
        """The next step in the run's history."""
        self.free_step = step
        """The first step in the run's history that follows all steps with values."""
        self.reports = True
        """Whether an open segment reports."""
        self.has_reported = False
        """Whether any segment logged a value."""
        self.was_silent = False
        """Whether any `init` returned a stand-in."""

    @property
    def is_open(self) -> bool:
        """Whether an `init` has no `finish` yet, or there was no `init` yet."""
        return bool(self._open)

    @property
    def has_begun(self) -> bool:
        """Whether `init` was called, or the implicit segment was ended."""
        return not self._is_implicit

    @property
    def stand_in(self) -> LocalRun | None:
        """The stand-in that the last `init` returned; None if that `init` reports."""
        return self._open[-1].stand_in if self._open else None

    @property
    def step(self) -> int:
        """The next step, as the program counts."""
        return max(self.next_step - self._offset, 0)

    def begins(self, *, nested: bool) -> bool:
        """Return whether an `init` begins a segment, rather than returning the open one."""
        return self._is_implicit or not self._open or nested

    def begin(self, stand_in: LocalRun | None) -> None:
        """Begin a segment: the first one, another one, or a nested one."""
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
        """End the last reporting segment, or that of a stand-in; return False if there is none."""
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
        """End all segments, since the run ends."""
        self._open.clear()
        self.reports = False
        self._is_implicit = False

    def placed(self, step: int) -> int | None:
        """Return the position of a program's step in the run's history; None if there is none."""
        if not self._open:
            return step
        now = max(step + self._offset, self._open[-1].first)
        return now if now <= _LAST_STEP else None

    def take(self, step: int, *, reports: bool = True) -> None:
        """Record that a step of the history was logged, with or without values."""
        if reports:
            self.has_reported = True
        # Each training step calls this method, and `max` would take twice as long.
        if step > self.next_step:
            self.next_step = step
        if step >= self.free_step:
            self.free_step = step + 1

    def skip_to(self, free: int) -> None:
        """Move the next steps to `free` or later, after steps that other processes used."""
        if free <= self.free_step:
            return
        at = self.step
        self.next_step = self.free_step = free
        if self._open:
            self._open[-1].first = free
            self._open[-1].offset = max(free - at, 0)

    def advance(self) -> None:
        """Move on to the next step."""
        self.next_step += 1

    @property
    def _offset(self) -> int:
        return self._open[-1].offset if self._open else 0
