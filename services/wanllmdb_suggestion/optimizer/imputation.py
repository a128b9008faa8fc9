"""What runs without an objective count as, for samplers that learn: see the protos' Impute."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import isfinite

from wanllmdb_suggestion.optimizer.types import Metric, ObjectivePoint, RunRecord, RunState


class Impute(StrEnum):
    """A strategy; the names are the protos'."""

    WORST = "WORST"
    BEST = "BEST"
    LATEST = "LATEST"


# A lost run's agent may still report.
_CLOSED = frozenset([RunState.FINISHED, RunState.PRUNED, RunState.FAILED, RunState.CANCELED])


@dataclass(slots=True)
class _Reported:
    """What one attempt of a run reported of the metric, by step."""

    attempt: int
    values: dict[int, float] = field(default_factory=dict)

    def fold(self, *, minimize: bool) -> None:
        """Keeps the best and the latest finite value: nothing else can count any more."""
        finite = {step: value for step, value in self.values.items() if isfinite(value)}
        if finite:
            best = (min if minimize else max)(finite, key=finite.__getitem__)
            finite = {step: finite[step] for step in {best, max(finite)}}
        self.values = finite


class Imputation:
    """Turns a run's record into the one that the sampler gets.

    All of it follows from the records and points that the registry has told: a model that
    was built again from them gives its sampler the same.

    Attributes:
        points: How many values it holds.
    """

    def __init__(self, metrics: tuple[Metric, ...], *, counts_pruned: bool) -> None:
        """
        Args:
            metrics: The sweep's.
            counts_pruned: Whether the sampler learns from pruned runs by itself.
        """
        self._ended = [Impute(m.impute) for m in metrics if m.impute]
        self._running = [Impute(m.impute_while_running) for m in metrics if m.impute_while_running]
        # Of several metrics all must say the same: the registry has checked it.
        self._minimize = metrics[0].minimize if metrics else True
        self._counts_pruned = counts_pruned
        self._reported: dict[int, _Reported] = {}
        self.points = 0

    @staticmethod
    def needs_points(metrics: tuple[Metric, ...]) -> bool:
        """Whether what runs reported matters, beside their objectives."""
        return any(
            strategy in (Impute.BEST, Impute.LATEST)
            for metric in metrics
            for strategy in (metric.impute, metric.impute_while_running)
        )

    def add(self, point: ObjectivePoint) -> None:
        """Takes a value; one of an earlier attempt is ignored, a known step overwritten."""
        known = self._reported.get(point.number)
        if known is None or known.attempt < point.attempt:
            self.points -= len(known.values) if known else 0
            known = self._reported[point.number] = _Reported(point.attempt)
        if known.attempt == point.attempt:
            self.points += point.step not in known.values
            known.values[point.step] = point.value

    def settle(self, record: RunRecord) -> None:
        """Lets go of values that no longer count, once all that the attempt reported was added.

        A run that ended is not reported for again in the same attempt, unless it is lost.
        Without this a sweep of many failed runs would hold their whole histories.
        """
        known = self._reported.get(record.number)
        if known is None or known.attempt != record.attempt or record.state not in _CLOSED:
            return
        before = len(known.values)
        if record.state is RunState.FINISHED and _has_objective(record):
            del self._reported[record.number]
            self.points -= before
            return
        known.fold(minimize=self._minimize)
        self.points -= before - len(known.values)

    def seen(self, record: RunRecord) -> RunRecord:
        """The record as the sampler gets it."""
        strategy = self._strategy(record)
        if strategy is None:
            return record
        if strategy is Impute.WORST:
            return replace(record, is_worst=True)
        value = self._own(record, strategy)
        if value is None:
            return record
        return replace(record, state=RunState.FINISHED, objective=value)

    def _strategy(self, record: RunRecord) -> Impute | None:
        """What decides for the run; None where its record stands as it is."""
        if record.state is RunState.RUNNING:
            return self._running[0] if self._running else None
        if not self._ended or record.state is RunState.QUEUED:
            return None
        has_objective = _has_objective(record)
        if record.state is RunState.FINISHED and has_objective:
            return None
        if record.state is RunState.PRUNED and has_objective and self._counts_pruned:
            return None
        return self._ended[0]

    def _own(self, record: RunRecord, strategy: Impute) -> float | None:
        """The best or latest finite value that the run itself reported; None without one."""
        known = self._reported.get(record.number)
        if known is None or known.attempt != record.attempt:
            return None
        finite = {s: v for s, v in known.values.items() if isfinite(v)}
        if not finite:
            return None
        if strategy is Impute.LATEST:
            return finite[max(finite)]
        return min(finite.values()) if self._minimize else max(finite.values())


def _has_objective(record: RunRecord) -> bool:
    return record.objective is not None or bool(record.objectives)


def imputes(metrics: tuple[Metric, ...]) -> bool:
    """Whether any of the metrics asks for it."""
    return any(metric.impute or metric.impute_while_running for metric in metrics)
