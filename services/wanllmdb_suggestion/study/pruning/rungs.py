"""The rungs of successive halving that runs have got to, derived from their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from wanllmdb_suggestion.study.pruning.courses import Course

# Whether a run may be tested at the place of one of its values.
Gate = Callable[[Course, int], bool]


class Ladder(NamedTuple):
    """Rungs at steps first * factor^i."""

    first: int
    factor: int

    def step(self, rung: int) -> int:
        """Where the rung is."""
        return self.first * int(self.factor**rung)


@dataclass(frozen=True, slots=True)
class Climb:
    """How far one run got.

    Attributes:
        places: Of the value with which it got to each rung, from the first on: the first
            value at the rung's step or after, that is not NaN.
        last_check: The place of its latest value that a rung tests, which may be
            one that is NaN; None for none.
    """

    places: tuple[int, ...]
    last_check: int | None

    def before_check(self) -> int:
        """How many rungs it had got to before the last check."""
        return sum(place != self.last_check for place in self.places)


class Rungs:
    """Climbs of runs, kept until a run's values change.

    Optuna writes a rung down when it tests a run there. Here rungs follow from the
    values, so that all replicas know the same of them; only a run that leaps
    over several rungs with one value is at all of them, whatever a test at
    the first one would have said.
    """

    def __init__(self, gate: Gate | None = None) -> None:
        self._gate = gate
        self._known: dict[int, tuple[Course, int, Ladder, Climb]] = {}

    def climb(self, course: Course, ladder: Ladder) -> Climb:
        """How far the run got on the ladder."""
        number = course.number
        known = self._known.get(number)
        if known is not None:
            same, edits, its_ladder, climb = known
            if same is course and edits == course.edits and its_ladder == ladder:
                return climb
        climb = self._climb(course, ladder)
        self._known[number] = (course, course.edits, ladder, climb)
        course.trial.system_attrs.clear()
        course.trial.system_attrs.update(self.attributes(course, climb.places))
        return climb

    @staticmethod
    def attributes(course: Course, places: tuple[int, ...]) -> dict[str, float]:
        """The rungs as Optuna writes them down."""
        return {f"completed_rung_{i}": course.values[place] for i, place in enumerate(places)}

    def _climb(self, course: Course, ladder: Ladder) -> Climb:
        places: list[int] = []
        last_check: int | None = None
        for place in self._from(course, ladder.first):
            if course.steps[place] < ladder.step(len(places)):
                continue
            if self._gate is not None and not self._gate(course, place):
                continue
            last_check = place
            while not math.isnan(course.values[place]) and course.steps[place] >= ladder.step(
                len(places)
            ):
                places.append(place)
        return Climb(tuple(places), last_check)

    @staticmethod
    def _from(course: Course, step: int) -> Iterator[int]:
        return (place for place, at in enumerate(course.steps) if at >= step)
