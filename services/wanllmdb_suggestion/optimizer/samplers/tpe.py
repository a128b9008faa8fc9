"""Tree-structured Parzen estimator over the runs so far.

As Optuna 5 has it: multivariate, ten random runs first, running runs counted
among the bad ones so that parallel agents spread out.
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

# Optuna's defaults: so many runs must have ended before it is asked, so many
# points are compared.
STARTUP_RUNS = 10
CANDIDATES = 24


class ParzenDraws:
    """Draws exactly what Optuna 5's `TPESampler(seed)` draws with its defaults.

    The estimators, their draws and their comparison are Optuna's own code; what
    is left out is the reading and sorting of all trials at every ask.
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
        """A value for each parameter in `searched`, which gives its column and distribution.

        Needs at least one run that ended. The observation at `place` is left out.
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
    """TPE over the records; see `Sampler` for what a proposal depends on.

    The observations are those of the prior runs, then those of the runs by number.
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
            space: What is searched; without conditions.
            seed: The sweep's.
            minimize: Whether a smaller objective is better.
            startup_runs: So many runs must have ended before it learns.
            candidates: Points that are compared for each proposal.
            failed_is_worst: Whether failed runs count among the bad ones; else they
                do not count.
            prior_runs: By their places.
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
        # What was known of each expected run before.
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
            # It waits to be handed out again: some agent will soon be back at it.
            kind = Kind.RUNNING
        failed = record.state is RunState.FAILED or (
            record.state is RunState.FINISHED and record.objective is None
        )
        if record.is_worst or (failed and self._failed_is_worst):
            # Running runs are always among the bad ones.
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
            # There is nothing to rank it by.
            kind = Kind.NOTHING
        values = self._mapping.encode(parameters)
        if len(values) < len(self._columns):
            # Part of a point: nobody was there.
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
