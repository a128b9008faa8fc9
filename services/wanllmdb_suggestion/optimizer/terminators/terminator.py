"""The terminator of a sweep, evaluated only after another run has finished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from wanllmdb_common.algorithms.terminators import TERMINATORS
from wanllmdb_suggestion.optimizer.terminators.regret_bound import RegretBound
from wanllmdb_suggestion.optimizer.types import RunRecord, RunState, StudySpec


class NoImprovement:
    """Ends a sweep after `runs` finished runs in a row without an improvement of the best."""

    def __init__(
        self, metric: str, *, minimize: bool, runs: int, min_runs: int, min_delta: float
    ) -> None:
        self._metric = metric
        self._sign = 1.0 if minimize else -1.0
        self._runs = runs
        self._min_runs = min_runs
        self._min_delta = min_delta

    def why(self, finished: list[RunRecord]) -> str | None:
        best: RunRecord | None = None
        since = 0
        for record in finished:
            if best is None or self._loss(record) < self._loss(best) - self._min_delta:
                best, since = record, 0
            else:
                since += 1
        if best is None or since < self._runs or len(finished) < self._min_runs:
            return None
        by = f" by more than {self._min_delta:g}" if self._min_delta else ""
        return (
            f"no_improvement: none of the last {since} finished runs is better{by} than run "
            f"{best.number}, whose {self._metric} is {best.objective:g}"
        )

    def _loss(self, record: RunRecord) -> float:
        assert record.objective is not None, "it has finished"
        return self._sign * record.objective


_DESCRIPTIONS = {description.name: description for description in TERMINATORS}


class Terminator(Protocol):
    """Decides whether a sweep should end, from its finished runs alone."""

    def why(self, finished: list[RunRecord]) -> str | None:
        """Return why the sweep should end, in a sentence; None while it should continue.

        Args:
            finished: The finished runs with an objective, by number.
        """


@dataclass(slots=True)
class Termination:
    """A terminator and the finished runs."""

    terminator: Terminator
    _finished: dict[int, RunRecord] = field(default_factory=dict)
    _is_stale: bool = False
    _why: str | None = None

    def observe(self, record: RunRecord) -> None:
        """Take the state of a run."""
        if record.state is not RunState.FINISHED or record.objective is None:
            return
        if self._finished.get(record.number) != record:
            self._finished[record.number] = record
            self._is_stale = True

    def why(self) -> str | None:
        """Return why the sweep should end now; None while it should continue."""
        if self._is_stale:
            finished = [self._finished[number] for number in sorted(self._finished)]
            self._why = self.terminator.why(finished)
            self._is_stale = False
        return self._why


def make_termination(spec: StudySpec) -> Termination | None:
    """Return the spec's terminator; None without one, or without exactly one metric."""
    choice = spec.terminator
    if choice is None or spec.metric is None or choice.name not in _DESCRIPTIONS:
        return None
    options: Mapping[str, Any] = _DESCRIPTIONS[choice.name].values(choice.options)
    if choice.name == "no_improvement":
        return Termination(NoImprovement(spec.metric, minimize=spec.minimize, **options))
    return Termination(RegretBound(spec, **options))
