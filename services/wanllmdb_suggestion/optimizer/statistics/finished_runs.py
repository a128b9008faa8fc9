"""The finished runs of a sweep as columns, which are extended as runs finish."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.plot_axes import is_searched, position_on
from wanllmdb_suggestion.optimizer.types import Metric, RunRecord, RunState, StudySpec

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ScoredRuns:
    """Runs with a finite objective of one metric, as columns of shape (n,) by ascending number.

    `parameters` holds the positions of the searched parameters on their axes, see
    `wanllmdb_common.search_space.plot_axes`; NaN where a run lacks the parameter.
    """

    numbers: Ints
    objectives: Floats
    parameters: Mapping[str, Floats]
    minimize: bool

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def losses(self) -> Floats:
        """The objectives with signs such that smaller is better."""
        return self.objectives if self.minimize else -self.objectives

    def at(self, rows: Ints | Bools | slice) -> ScoredRuns:
        """Return only these rows."""
        parameters = {name: column[rows] for name, column in self.parameters.items()}
        return ScoredRuns(self.numbers[rows], self.objectives[rows], parameters, self.minimize)


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """All finished runs of a sweep, by ascending number.

    Attributes:
        space: The search space.
        metrics: The optimized metrics.
        numbers: Shape (n,).
        objectives: Shape (n, metrics); NaN where a run has no finite objective.
        parameters: See `ScoredRuns`.
        revision: The revision of the sweep up to which they are complete.
        serial: Distinct for every set of runs.
    """

    space: SearchSpace
    metrics: tuple[Metric, ...]
    numbers: Ints
    objectives: Floats
    parameters: Mapping[str, Floats]
    revision: int = 0
    serial: int = field(default_factory=itertools.count().__next__)

    def scored(self, metric: Metric) -> ScoredRuns:
        """Return the runs with a finite objective of the metric."""
        objectives = self.objectives[:, self.metrics.index(metric)]
        runs = ScoredRuns(self.numbers, objectives, self.parameters, metric.minimize)
        rows = np.isfinite(objectives)
        return runs if rows.all() else runs.at(rows)


class RunTable:
    """The columns of one sweep's finished runs.

    A finished attempt never changes, so each is read once, and an update costs little more than
    one pass over the runs. If a run that finished without an objective is retried, all runs are
    read again.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._space = spec.space
        self._metrics = spec.metrics
        distributions = {p.name: p.distribution for p in spec.space.parameters}
        self._positions = {
            n: position_on(distribution)
            for n, distribution in distributions.items()
            if is_searched(distribution)
        }
        # The attempts that finished, by number.
        self._known: dict[int, int] = {}
        self._snapshot = self._columns([])

    def fits(self, spec: StudySpec) -> bool:
        """Return whether the columns are those of this spec."""
        return spec.space == self._space and spec.metrics == self._metrics

    def update(self, runs: Mapping[int, RunRecord]) -> FinishedRuns:
        """Add the newly finished runs and return all of them, in columns that never change."""
        finished = {n: run for n, run in runs.items() if run.state is RunState.FINISHED}
        if any(n not in finished or finished[n].attempt != a for n, a in self._known.items()):
            self._known.clear()
            self._snapshot = self._columns([])
        added = [run for number, run in finished.items() if number not in self._known]
        if added:
            old, new = self._snapshot, self._columns(added)
            numbers = np.concatenate([old.numbers, new.numbers])
            order = np.argsort(numbers, kind="stable")
            self._snapshot = FinishedRuns(
                space=self._space,
                metrics=self._metrics,
                numbers=numbers[order],
                objectives=np.concatenate([old.objectives, new.objectives])[order],
                parameters={
                    name: np.concatenate([old.parameters[name], column])[order]
                    for name, column in new.parameters.items()
                },
            )
            self._known.update((run.number, run.attempt) for run in added)
        return self._snapshot

    def _columns(self, runs: list[RunRecord]) -> FinishedRuns:
        objectives = np.full((len(runs), len(self._metrics)), np.nan)
        for row, run in enumerate(runs):
            values = run.objectives or (run.objective,)
            if len(values) == len(self._metrics) and None not in values:
                objectives[row] = values
        objectives[~np.isfinite(objectives)] = np.nan
        return FinishedRuns(
            space=self._space,
            metrics=self._metrics,
            numbers=np.array([run.number for run in runs], dtype=np.int64),
            objectives=objectives,
            parameters={
                name: np.array(
                    [
                        position(run.parameters[name]) if name in run.parameters else np.nan
                        for run in runs
                    ],
                    dtype=np.float64,
                )
                for name, position in self._positions.items()
            },
        )
