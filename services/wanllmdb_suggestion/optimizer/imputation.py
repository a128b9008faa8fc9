"""Objective values for runs without one, for samplers that learn; see Impute in the protos."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import isfinite

from wanllmdb_suggestion.optimizer.types import Metric, ObjectivePoint, RunRecord, RunState


class Impute(StrEnum):
    """A strategy of imputation; the names are those of the protos."""

    WORST = "WORST"
    BEST = "BEST"
    LATEST = "LATEST"


# LOST is not among these states: the agent of a lost run may still report.
_CLOSED = frozenset([RunState.FINISHED, RunState.PRUNED, RunState.FAILED, RunState.CANCELED])


@dataclass(slots=True)
class _Reported:
    """The values of the metric that one attempt of a run reported, by step."""

    attempt: int
    values: dict[int, float] = field(default_factory=dict)

    def fold(self, *, minimize: bool) -> None:
        """Keep the best and the latest finite value: no other value can count any more."""
        finite = {step: value for step, value in self.values.items() if isfinite(value)}
        if finite:
            best = (min if minimize else max)(finite, key=finite.__getitem__)
            finite = {step: finite[step] for step in {best, max(finite)}}
        self.values = finite


class Imputation:
    """Turns a run's record into the record that the sampler gets.

    The result follows from the records and points that the registry returned, so a rebuilt
    model gives its sampler the same records.

    Attributes:
        points: How many values of the metric are kept.
    """

    def __init__(self, metrics: tuple[Metric, ...], *, counts_pruned: bool) -> None:
        """
        Args:
            metrics: The metrics of the sweep.
            counts_pruned: Whether the sampler itself learns from pruned runs.
        """
        self._ended = [Impute(m.impute) for m in metrics if m.impute]
        self._running = [Impute(m.impute_while_running) for m in metrics if m.impute_while_running]
        # The registry has checked that several metrics name the same strategies.
        self._minimize = metrics[0].minimize if metrics else True
        self._counts_pruned = counts_pruned
        self._reported: dict[int, _Reported] = {}
        self.points = 0

    @staticmethod
    def needs_points(metrics: tuple[Metric, ...]) -> bool:
        """Return whether the reported values matter, beside the objectives."""
        return any(
            strategy in (Impute.BEST, Impute.LATEST)
            for metric in metrics
            for strategy in (metric.impute, metric.impute_while_running)
        )

    def add(self, point: ObjectivePoint) -> None:
        """Take a value; ignore an earlier attempt's, and overwrite the value of a known step."""
        known = self._reported.get(point.number)
        if known is None or known.attempt < point.attempt:
            self.points -= len(known.values) if known else 0
            known = self._reported[point.number] = _Reported(point.attempt)
        if known.attempt == point.attempt:
            self.points += point.step not in known.values
            known.values[point.step] = point.value

    def settle(self, record: RunRecord) -> None:
        """Drop values that no longer count, once all values of the attempt were added.

        A run that ended gets no more values in the same attempt, unless the run is lost. Without
        this step a sweep of many failed runs would keep their whole histories.
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
        """Return the record as the sampler gets it."""
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
        """Return the strategy that applies to the run; None if its record is used unchanged."""
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
        """Return the best or latest finite value that the run reported; None without one."""
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
    """Return whether any of the metrics has an imputation."""
    return any(metric.impute or metric.impute_while_running for metric in metrics)
