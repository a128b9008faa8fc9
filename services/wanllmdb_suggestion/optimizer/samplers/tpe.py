"""Tree-structured Parzen estimator (TPE) over the runs so far.

As in Optuna 5: multivariate, ten random runs first, and running runs counted as bad ones, so
that parallel agents spread out. Bergstra et al., Algorithms for Hyper-Parameter Optimization,
NeurIPS 2011; multivariate after Falkner et al., BOHB, ICML 2018.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from typing_extensions import override

from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_suggestion.optimizer.optuna_internals import default_gamma, default_weights
from wanllmdb_suggestion.optimizer.samplers.parzen import ParzenEstimator, ParzenSpace
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
    """Draws what Optuna 5's `TPESampler(seed)` draws with its defaults, up to rounding errors.

    Args:
        distributions: The distributions of all searched parameters.
        candidates: How many points are compared for each proposal.
    """

    def __init__(
        self, distributions: Mapping[str, BaseDistribution], candidates: int = CANDIDATES
    ) -> None:
        self._distributions = dict(distributions)
        self._columns = {name: column for column, name in enumerate(distributions)}
        self._whole = ParzenSpace(list(distributions.values()))
        self._candidates = candidates
        self._random = np.random.RandomState(0)

    def draw(
        self, seed: int, index: int, observations: Observations, searched: Collection[str]
    ) -> dict[str, Any]:
        """Return a value for each of the searched parameters, which are some or all.

        At least one run must have ended. The observation at `index` is left out.
        """
        names = list(searched)
        distributions = [self._distributions[name] for name in names]
        is_whole = len(names) == len(self._distributions)
        space = self._whole if is_whole else ParzenSpace(distributions)
        columns = [self._columns[name] for name in names]
        split = observations.split(default_gamma(observations.ended), without=index)
        below = ParzenEstimator(
            space,
            observations.points(split.below, columns),
            default_weights(len(split.below)),
            len(split.below),
        )
        above = ParzenEstimator(
            space, observations.points(split.above, columns), split.weights, split.worse
        )
        self._random.seed(seed)
        candidates = below.draw(self._random, self._candidates)
        ratios = below.log_density(candidates) - above.log_density(candidates)
        best = candidates[np.argmax(ratios)].tolist()
        return {
            name: distribution.to_external_repr(value)
            for name, distribution, value in zip(names, distributions, best, strict=True)
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
        self._observations = Observations(len(self._mapping.distributions), seed=seed)
        self._random = RandomDraws(self._mapping.distributions)
        self._skewed = SkewedCategories(space, seed)
        self._parzen = ParzenDraws(self._mapping.distributions, candidates)
        self._startup_runs = startup_runs
        self._failed_is_worst = failed_is_worst
        self._seed = seed
        self._sign = 1.0 if minimize else -1.0
        # The earlier observation of each expected run.
        self._replaced: list[tuple[int, Observation]] = []
        self._priors = len(prior_runs)
        for index, prior in enumerate(prior_runs):
            objective = prior.objectives[0] if prior.objectives else None
            self._observations.put(
                index,
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
            index = self._priors + number
            drawn = self._parzen.draw(seed, index, self._observations, missing)
        return self._mapping.complete(given, drawn)

    @override
    def expect(self, number: int, parameters: Parameters) -> None:
        index = self._priors + number
        self._replaced.append((index, self._observations.get(index)))
        self._observations.put(index, self._observation(Kind.RUNNING, parameters, None, None))

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
        distributions = self._mapping.distributions
        if len(values) < len(distributions):
            # An incomplete point: the run was never assigned.
            return Observation(Kind.NOTHING, np.zeros(len(distributions)))
        point = [
            distribution.to_internal_repr(values[name])
            for name, distribution in distributions.items()
        ]
        return Observation(kind, np.array(point), self._loss(kind, objective), last_step or 0)

    def _loss(self, kind: Kind, objective: float | None) -> float | None:
        if objective is None or kind is Kind.NOTHING or kind is Kind.RUNNING:
            return None
        # A pruned run may have ended on NaN.
        return math.inf if math.isnan(objective) else self._sign * objective
