"""The stopping rule of W&B's hyperband, on the values that runs reported.

A run is compared, at the highest rung that it reached, with all runs that reached the same rung.
Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 18, 2018,
in the form that W&B sweeps use.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field

from wanllmdb_suggestion.optimizer.pruners.pruner import Decision, count_of
from wanllmdb_suggestion.optimizer.types import ObjectivePoint, RunRecord, WandbHyperband


def values_at(rung: int) -> int:
    """Return how many finite values a run has at the rung: iterations count from 1."""
    return rung


def threshold_of(ascending: Sequence[float], eta: float) -> float:
    """Return the value at index floor(n/eta) of n >= 1 losses, best first."""
    # Rounding can raise n/eta to n if eta is close to 1.
    return ascending[min(int(len(ascending) / eta), len(ascending) - 1)]


@dataclass(slots=True)
class _Curve:
    """The finite losses of one run in step order, and its entries in the tables of the rungs."""

    attempt: int
    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    # The run's entries in the tables, one for each rung that the run reached.
    placed: list[float] = field(default_factory=list)


class WandbHyperbandRule:
    """A StopRule over the losses of all runs at every rung, updated as values arrive.

    With n runs, a value costs O(log n) comparisons and a move of memory in a sorted list. A
    decision costs O(1) and, unless the rule is strict, a pass over the run's own values. A
    repeated report of a step recomputes the run's entries at later rungs.
    """

    def __init__(self, rule: WandbHyperband, metric: str, *, minimize: bool) -> None:
        self._rule = rule
        self._metric = metric
        self._sign = 1.0 if minimize else -1.0
        self._further = rule.rungs()
        self._rungs: list[int] = []
        self._tables: list[list[float]] = []
        self._curves: dict[int, _Curve] = {}
        self.points = 0

    @property
    def first_count(self) -> int | None:
        return self._count_at(0)

    def observe(self, record: RunRecord) -> None:
        self._start_attempt(record.number, record.attempt)

    def add(self, point: ObjectivePoint) -> None:
        self._start_attempt(point.number, point.attempt)
        curve = self._curves.setdefault(point.number, _Curve(point.attempt))
        if point.attempt < curve.attempt:
            return
        at = bisect_left(curve.steps, point.step)
        known = at < len(curve.steps) and curve.steps[at] == point.step
        if math.isfinite(point.value):
            loss = self._sign * point.value
            if known:
                curve.losses[at] = loss
            else:
                curve.steps.insert(at, point.step)
                curve.losses.insert(at, loss)
                self.points += 1
        elif known:
            del curve.steps[at], curve.losses[at]
            self.points -= 1
        else:
            return
        self._place(curve, at)

    def decide(self, number: int) -> Decision:
        """Return the decision at the highest rung that the run reached."""
        curve = self._curves.get(number)
        reached = len(curve.placed) if curve is not None else 0
        next_count = self._count_at(reached)
        if curve is None or reached == 0:
            return Decision(
                False,
                f"it is not at the first rung yet, which takes {next_count} finite values of "
                f"'{self._metric}'",
                next_count=next_count,
            )
        table = self._tables[reached - 1]
        threshold = self._sign * threshold_of(table, self._rule.eta)
        loss = curve.placed[-1] if self._rule.strict else min(curve.losses)
        rung, value = self._rungs[reached - 1], self._sign * loss
        return Decision(
            should_stop=loss > self._sign * threshold,
            why=(
                f"at iteration {rung} its {'' if self._rule.strict else 'best '}'{self._metric}' "
                f"is {value:g}, and {threshold:g} is needed to be among the best "
                f"1/{self._rule.eta:g} of the {count_of(len(table), 'run')} that got there"
            ),
            step=rung,
            threshold=threshold,
            value=value,
            compared=len(table),
            next_count=next_count,
        )

    def _start_attempt(self, number: int, attempt: int) -> None:
        curve = self._curves.get(number)
        if curve is not None and attempt > curve.attempt:
            self._unplace(curve, 0)
            self.points -= len(curve.steps)
            self._curves[number] = _Curve(attempt)

    def _count_at(self, index: int) -> int | None:
        rung = self._rung(index)
        return None if rung is None else values_at(rung)

    def _rung(self, index: int) -> int | None:
        while index >= len(self._rungs):
            rung = next(self._further, None)
            if rung is None:
                return None
            self._rungs.append(rung)
            self._tables.append([])
        return self._rungs[index]

    def _place(self, curve: _Curve, changed: int) -> None:
        """Enter the run's values at all rungs from iteration `changed` on."""
        self._unplace(curve, bisect_left(self._rungs, changed + 1, key=values_at))
        while True:
            rung = self._rung(len(curve.placed))
            if rung is None or values_at(rung) > len(curve.losses):
                return
            loss = curve.losses[values_at(rung) - 1]
            insort(self._tables[len(curve.placed)], loss)
            curve.placed.append(loss)

    def _unplace(self, curve: _Curve, first: int) -> None:
        while len(curve.placed) > first:
            loss = curve.placed.pop()
            table = self._tables[len(curve.placed)]
            del table[bisect_left(table, loss)]
