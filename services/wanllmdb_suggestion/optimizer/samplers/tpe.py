"""Tree-structured Parzen estimator (TPE) over the runs so far.

As in Optuna 5: multivariate, ten random runs first, and running runs counted as bad ones, so
that parallel agents spread out. Bergstra et al., Algorithms for Hyper-Parameter Optimization,
NeurIPS 2011; multivariate after Falkner et al., BOHB, ICML 2018.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from typing_extensions import override

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_suggestion.optimizer.optuna_internals import TpeCandidates, default_gamma
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomDraws, SkewedCategories
from wanllmdb_suggestion.optimizer.samplers.sampler import Sampler, ask_seed
from wanllmdb_suggestion.optimizer.samplers.tpe_observations import (
    Kind,
    Observation,
    Observations,
)
from wanllmdb_suggestion.optimizer.space_mapping import SpaceMapping
from wanllmdb_suggestion.optimizer.types import Parameters, PriorRecord, RunRecord, RunState

# Optuna's defaults: the runs that must have ended before the estimator is used, and the points
# that are compared for each proposal.
STARTUP_RUNS = 10
CANDIDATES = 24


class ParzenDraws:
    """Draws exactly what Optuna 5's `TPESampler(seed)` draws with its defaults.

    The estimators, their draws and their comparison are Optuna's own code. Only the reading and
    sorting of all trials at every ask is left out.
    """

    def __init__(self, candidates: int = CANDIDATES) -> None:
        self._candidates = TpeCandidates(candidates)
        self._random = np.random.RandomState(0)

    def draw(
        self,
        seed: int,
        place: int,
        observations: Observations,
        searched: Mapping[str, tuple[int, BaseDistribution]],
    ) -> dict[str, Any]:
        """Return a value for each parameter in `searched`, which maps to column and distribution.

        At least one run must have ended. The observation at index `place` is left out.
        """
        split = observations.split(default_gamma(observations.ended), without=place)
        below, above = (
            {name: observations.columns(places, column) for name, (column, _) in searched.items()}
            for places in (split.below, split.above)
        )
        distributions = {name: distribution for name, (_, distribution) in searched.items()}
        self._random.seed(seed)
        drawn = self._candidates.best(self._random, below, above, distributions)
        return {
            name: distribution.to_external_repr(drawn[name])
            for name, distribution in distributions.items()
        }


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
        minimize: bool,
        startup_runs: int = STARTUP_RUNS,
        candidates: int = CANDIDATES,
        failed_is_worst: bool = False,
        prior_runs: Sequence[PriorRecord] = (),
    ) -> None:
        """
        Args:
            space: The search space, without conditions.
            seed: The seed of the sweep.
            minimize: Whether a smaller objective is better.
            startup_runs: How many runs must have ended before the sampler learns.
            candidates: How many points are compared for each proposal.
            failed_is_worst: Whether failed runs count as bad ones; otherwise they are ignored.
            prior_runs: By index.
        """
        self._mapping = SpaceMapping(space)
        self._columns = {
            name: (column, distribution)
            for column, (name, distribution) in enumerate(self._mapping.distributions.items())
        }
        self._observations = Observations(len(self._columns))
        self._random = RandomDraws(self._mapping.distributions)
        self._skewed = SkewedCategories(space, seed)
        self._parzen = ParzenDraws(candidates)
        self._startup_runs = startup_runs
        self._failed_is_worst = failed_is_worst
        self._seed = seed
        self._sign = 1.0 if minimize else -1.0
        # The earlier observation of each expected run.
        self._replaced: list[tuple[int, Observation]] = []
        self._priors = len(prior_runs)
        for place, prior in enumerate(prior_runs):
            objective = prior.objectives[0] if prior.objectives else None
            self._observations.put(
                place,
                self._observation(
                    _KINDS[prior.state], prior.parameters, objective, prior.last_step
                ),
            )

    @override
    def observe(self, record: RunRecord) -> None:
        kind = _KINDS[record.state]
        if record.state is RunState.QUEUED and record.attempt > 0:
            # A requeued run: an agent will soon run it again.
            kind = Kind.RUNNING
        failed = record.state is RunState.FAILED or (
            record.state is RunState.FINISHED and record.objective is None
        )
        if record.is_worst or (failed and self._failed_is_worst):
            # Running runs always count as bad ones.
            kind = Kind.RUNNING
        self._observations.put(
            self._priors + record.number,
            self._observation(kind, record.parameters, record.objective, record.last_step),
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
            drawn = self._random.draw(seed, missing)
            given = {**self._skewed.draw(number, redraw), **given}
        else:
            searched = {name: self._columns[name] for name in missing}
            place = self._priors + number
            drawn = self._parzen.draw(seed, place, self._observations, searched)
        return self._mapping.complete(given, drawn)

    @override
    def expect(self, number: int, parameters: Parameters) -> None:
        place = self._priors + number
        self._replaced.append((place, self._observations.get(place)))
        self._observations.put(place, self._observation(Kind.RUNNING, parameters, None, None))

    @override
    def forget_expected(self) -> None:
        while self._replaced:
            self._observations.put(*self._replaced.pop())

    @property
    @override
    def learns_from_results(self) -> bool:
        return True

    def _observation(
        self, kind: Kind, parameters: Parameters, objective: float | None, last_step: int | None
    ) -> Observation:
        if kind is Kind.COMPLETE and objective is None:
            # The run can not be ranked.
            kind = Kind.NOTHING
        values = self._mapping.encode(parameters)
        if len(values) < len(self._columns):
            # An incomplete point: the run was never assigned.
            return Observation(Kind.NOTHING, np.zeros(len(self._columns)))
        point = [
            distribution.to_internal_repr(values[name])
            for name, (_, distribution) in self._columns.items()
        ]
        return Observation(kind, np.array(point), self._loss(kind, objective), last_step or 0)

    def _loss(self, kind: Kind, objective: float | None) -> float | None:
        if objective is None or kind is Kind.NOTHING or kind is Kind.RUNNING:
            return None
        # A pruned run may have ended on NaN.
        return math.inf if math.isnan(objective) else self._sign * objective
