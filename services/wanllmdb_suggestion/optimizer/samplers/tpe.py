"""Tree-structured Parzen estimator (TPE) over the runs so far.

As in Optuna 5: ten random runs first, and running runs counted as bad ones, so that parallel
agents spread out. Of many runs, a part stands for the worse ones.

Bergstra et al., Algorithms for Hyper-Parameter Optimization, NeurIPS 2011; multivariate after
Falkner et al., BOHB, ICML 2018; several metrics after Ozaki et al., JAIR 2022.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from typing_extensions import override

from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomDraws, SkewedCategories
from wanllmdb_suggestion.optimizer.samplers.sampler import Sampler, ask_seed
from wanllmdb_suggestion.optimizer.samplers.tpe_columns import Floats, Kind
from wanllmdb_suggestion.optimizer.samplers.tpe_draws import ParzenDraws
from wanllmdb_suggestion.optimizer.samplers.tpe_observations import Observation, Observations
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import (
    Parameters,
    Point,
    PriorRecord,
    RunRecord,
    RunState,
)

# Optuna's defaults: the runs that must have ended before the estimator is used, and the points
# that are compared for each proposal.
STARTUP_RUNS = 10
CANDIDATES = 24


class _Drawn(dict[str, Any]):
    """Values by parameter; those that are missing are drawn when they are read."""

    def __init__(self, drawn: Mapping[str, Any], draw: Callable[[str], Any]) -> None:
        super().__init__(drawn)
        self._draw = draw

    def __missing__(self, name: str) -> Any:
        return self._draw(name)


_KINDS = {
    RunState.QUEUED: Kind.NOTHING,
    RunState.RUNNING: Kind.RUNNING,
    RunState.FINISHED: Kind.COMPLETE,
    RunState.PRUNED: Kind.PRUNED,
    RunState.FAILED: Kind.NOTHING,
    RunState.LOST: Kind.NOTHING,
    RunState.CANCELED: Kind.NOTHING,
}


class TpeSampler(Sampler):
    """TPE over the records of runs.

    The observations of the prior runs come first, then the observations of the runs by number.
    """

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        minimize: Sequence[bool],
        startup_runs: int = STARTUP_RUNS,
        candidates: int = CANDIDATES,
        multivariate: bool = True,
        group: bool = False,
        counts_running: bool = True,
        failed_is_worst: bool = False,
        prior_runs: Sequence[PriorRecord] = (),
    ) -> None:
        """
        Args:
            space: The search space.
            seed: The seed of the sweep.
            minimize: By metric, whether a smaller objective is better.
            startup_runs: How many runs must have ended before the sampler learns.
            candidates: How many points are compared for each proposal.
            multivariate: Whether parameters that all ended runs have are drawn together.
            group: Whether parameters that ended runs have only together are drawn together.
            counts_running: Whether running runs count as bad ones.
            failed_is_worst: Whether failed runs count as bad ones; otherwise they are ignored.
            prior_runs: By index.
        """
        self._mapping = SpaceMapping(space)
        self._names = list(self._mapping.distributions)
        self._observations = Observations(
            len(self._mapping.distributions), metrics=len(minimize), seed=seed
        )
        self._random = RandomDraws(self._mapping.distributions)
        self._skewed = SkewedCategories(space, seed)
        self._parzen = ParzenDraws(self._mapping.distributions, len(minimize), candidates)
        self._startup_runs = startup_runs
        self._multivariate = multivariate
        self._group = group
        self._running = Kind.RUNNING if counts_running else Kind.NOTHING
        self._failed_is_worst = failed_is_worst
        self._seed = seed
        self._signs = [1.0 if smaller else -1.0 for smaller in minimize]
        self._nowhere: Floats = np.full(len(self._names), np.nan)
        # The earlier observation of each expected run.
        self._replaced: list[tuple[int, Observation]] = []
        self._priors = len(prior_runs)
        for index, prior in enumerate(prior_runs):
            self._observations.put(index, self._observation(self._kind(prior), prior))

    @override
    def observe(self, record: RunRecord) -> None:
        kind = self._kind(record)
        self._observations.put(self._priors + record.number, self._observation(kind, record))

    @override
    def observe_all(self, records: Sequence[RunRecord]) -> None:
        if self._mapping.has_conditions:
            super().observe_all(records)
            return
        by_names: dict[tuple[str, ...], tuple[list[RunRecord], list[Kind]]] = {}
        for record in records:
            kind = self._kind(record)
            if kind is not Kind.NOTHING:
                alike, kinds = by_names.setdefault(tuple(record.parameters), ([], []))
                alike.append(record)
                kinds.append(kind)
        for names, (alike, kinds) in by_names.items():
            # Without conditions, the names alone show whether a point is complete.
            if self._mapping.is_complete(alike[0].parameters):
                self._put_all(names, alike, kinds)

    def _put_all(
        self, names: Sequence[str], records: Sequence[RunRecord], kinds: Sequence[Kind]
    ) -> None:
        """Set the observations of runs that have the same parameters, in this order."""
        columns = list(zip(*(_row(record.parameters) for record in records), strict=True))
        points = np.empty((len(records), len(self._names)))
        for at, (name, searched) in enumerate(self._mapping.dimensions.items()):
            points[:, at] = list(map(searched.encode, columns[names.index(name)]))
        losses = np.full((len(records), len(self._signs)), np.nan)
        for row, (record, kind) in enumerate(zip(records, kinds, strict=True)):
            if kind is not Kind.RUNNING:
                losses[row] = self._losses(record) or np.nan
        self._observations.put_all(
            np.array([self._priors + record.number for record in records], dtype=np.intp),
            kinds,
            points,
            losses,
            np.array([record.last_step or 0 for record in records], dtype=np.intp),
        )

    @override
    def propose(self, number: int, redraw: int = 0) -> Parameters:
        return self.complete(number, {}, redraw)

    @override
    def complete(self, number: int, given: Parameters, redraw: int = 0) -> Parameters:
        missing = self._mapping.missing(given)
        seed = ask_seed(self._seed, number, redraw)
        if not missing:
            return self._mapping.complete(given, {})
        if self._observations.ended < self._startup_runs:
            self._random.seed(seed)
            given = {**self._skewed.draw(number, redraw), **given}
            return self._mapping.complete(given, _Drawn({}, self._random.draw))
        parzen = self._parzen
        parzen.begin(seed, self._observations, without=self._priors + number)
        drawn: dict[str, Any] = {}
        for columns in self._drawn_together():
            together = [name for name in map(self._names.__getitem__, columns) if name in missing]
            if together:
                drawn |= parzen.draw(together)
        alone = _Drawn(drawn, lambda name: parzen.draw([name])[name])
        return self._mapping.complete(given, alone)

    @override
    def expect(self, number: int, parameters: Parameters) -> None:
        index = self._priors + number
        self._replaced.append((index, self._observations.get(index)))
        point = self._point(parameters)
        kind = Kind.NOTHING if point is None else self._running
        self._observations.put(index, Observation(kind, self._nowhere if point is None else point))

    @override
    def forget_expected(self) -> None:
        while self._replaced:
            self._observations.put(*self._replaced.pop())

    @property
    @override
    def learns_from_results(self) -> bool:
        return True

    def _drawn_together(self) -> list[list[int]]:
        """Return the columns of the parameters that are drawn together, by group."""
        if self._group:
            return self._observations.groups()
        return [self._observations.shared] if self._multivariate else []

    def _kind(self, record: RunRecord | PriorRecord) -> Kind:
        """Return what the run shows, if its point is complete."""
        kind = _KINDS[record.state]
        objectives = self._objectives(record)
        if kind is Kind.COMPLETE and not objectives:
            # The run can not be ranked.
            kind = Kind.NOTHING
        elif kind is Kind.PRUNED and len(self._signs) > 1:
            # A pruned run has no place among fronts.
            kind = Kind.NOTHING
        if isinstance(record, PriorRecord):
            return kind
        if record.state is RunState.QUEUED and record.attempt > 0:
            # A requeued run: an agent will soon run it again.
            kind = Kind.RUNNING
        if kind is Kind.RUNNING:
            kind = self._running
        failed = record.state is RunState.FAILED or (
            record.state is RunState.FINISHED and not objectives
        )
        if record.is_worst or (failed and self._failed_is_worst):
            # Running runs always count as bad ones.
            kind = Kind.RUNNING
        return kind

    def _observation(self, kind: Kind, record: RunRecord | PriorRecord) -> Observation:
        point = None if kind is Kind.NOTHING else self._point(record.parameters)
        if point is None:
            return Observation(Kind.NOTHING, self._nowhere)
        losses = () if kind is Kind.RUNNING else self._losses(record)
        return Observation(kind, point, losses, record.last_step or 0)

    def _point(self, parameters: Parameters) -> Floats | None:
        """Return the point; None if it is incomplete, because the run was never assigned."""
        if not self._mapping.is_complete(parameters):
            return None
        values = self._mapping.encode(parameters)
        # Optuna's internal representation is the encoded value as a number.
        return np.array([values.get(name, math.nan) for name in self._names], dtype=np.float64)

    def _objectives(self, record: RunRecord | PriorRecord) -> tuple[float, ...]:
        """Return the value of each metric; empty if the run has none."""
        if isinstance(record, RunRecord) and len(self._signs) == 1:
            return () if record.objective is None else (record.objective,)
        return record.objectives if len(record.objectives) == len(self._signs) else ()

    def _losses(self, record: RunRecord | PriorRecord) -> tuple[float, ...]:
        return tuple(map(_loss, self._signs, self._objectives(record)))


def _row(parameters: Parameters) -> tuple[ParameterValue, ...]:
    """Return the values of the parameters, in order."""
    return parameters.row if isinstance(parameters, Point) else tuple(parameters.values())


def _loss(sign: float, objective: float) -> float:
    # A pruned run may have ended on NaN.
    return math.inf if math.isnan(objective) else sign * objective
