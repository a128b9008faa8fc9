"""Optuna's samplers by name, each made for one ask, and the state that they keep."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optuna.distributions import CategoricalDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
)
from optuna.samplers.nsgaii import (
    BaseCrossover,
    BLXAlphaCrossover,
    PolynomialMutation,
    SBXCrossover,
    SPXCrossover,
    UNDXCrossover,
    UniformCrossover,
    VSBXCrossover,
)
from optuna.trial import FrozenTrial, TrialState

from wanllmdb_suggestion.optimizer.optuna_internals import (
    ReproducibleCmaEsSampler,
    generation_key,
    parents_key_prefix,
    with_search_space,
)
from wanllmdb_suggestion.optimizer.trial_storage import KnownSpaces, SharedSpace

# Optuna marks some of these samplers as experimental and would warn at every ask.
warnings.filterwarnings("ignore", category=ExperimentalWarning)

Options = Mapping[str, Any]

# A proposal of a Gaussian process takes two seconds at 500 runs, and eight times as long at
# 1,000.
_MAX_GP_RUNS = 1_000

# With fewer prior runs, CMA-ES can't choose the best tenth.
_MIN_SOURCE_TRIALS = 10


@dataclass(frozen=True, slots=True)
class OptunaAlgorithm:
    """A sampler of Optuna and its use.

    Attributes:
        make: Makes the sampler of one ask from its seed, the parameters that trials have, and
            the prior runs as trials.
        kept: Prefixes of the trial attributes that later asks read.
        parents: Prefix of the study attributes that hold the parents of a generation; empty
            for a sampler without generations.
        prior_attributes: The trial attributes of prior runs.
        fits_other_points: Whether the kept state stays valid if the run gets other parameters
            than the drawn ones.
        learns_from: How many runs must have ended before categories are no longer drawn at
            random; None if they always are.
        redraws: See `Sampler.redraws`.
        most_runs: How many of the latest finished runs the sampler learns from; None for all.
    """

    make: Callable[[int, KnownSpaces, Sequence[FrozenTrial]], BaseSampler]
    kept: tuple[str, ...] = ()
    parents: str = ""
    prior_attributes: Mapping[str, Any] = field(default_factory=dict)
    fits_other_points: bool = False
    learns_from: int | None = None
    redraws: int = 8
    most_runs: int | None = None

    def draws_categories_at_random(self, known: KnownSpaces) -> bool:
        """Return whether an ask over these trials draws categories at random."""
        if self.learns_from is None:
            return True
        return known.count(TrialState.COMPLETE) < self.learns_from


def optuna_algorithm(name: str, options: Options) -> OptunaAlgorithm:
    """Return the algorithm of that name.

    Args:
        name: `gp`, `cmaes`, `nsga2` or `nsga3`.
        options: The value of every option.
    """
    return {"gp": _gp, "cmaes": _cmaes, "nsga2": _nsga2, "nsga3": _nsga3}[name](options)


def _gp(options: Options) -> OptunaAlgorithm:
    def make(seed: int, known: KnownSpaces, _: Sequence[FrozenTrial]) -> BaseSampler:
        sampler = GPSampler(
            seed=seed,
            n_startup_trials=options["n_startup_trials"],
            deterministic_objective=options["deterministic_objective"],
            warn_independent_sampling=False,
        )
        return _with(sampler, known, TrialState.COMPLETE)

    # The sampler takes the best point that it finds, and another seed finds the same point.
    return OptunaAlgorithm(
        make, learns_from=options["n_startup_trials"], redraws=1, most_runs=_MAX_GP_RUNS
    )


def _cmaes(options: Options) -> OptunaAlgorithm:
    def make(seed: int, known: KnownSpaces, prior: Sequence[FrozenTrial]) -> BaseSampler:
        sources = None if options["use_separable_cma"] else _sources(prior, known)
        sampler = ReproducibleCmaEsSampler(
            seed=seed,
            n_startup_trials=options["n_startup_trials"],
            popsize=options["popsize"],
            consider_pruned_trials=options["consider_pruned_trials"],
            use_separable_cma=options["use_separable_cma"],
            with_margin=options["with_margin"],
            lr_adapt=options["lr_adapt"],
            source_trials=sources,
            warn_independent_sampling=False,
        )
        return _with(sampler, known, TrialState.COMPLETE)

    return OptunaAlgorithm(make, kept=("cma:", "sepcma:", "cmawm:", "x_for_tell"))


def _sources(prior: Sequence[FrozenTrial], known: KnownSpaces) -> list[FrozenTrial] | None:
    """Return the prior runs that CMA-ES starts from; None if there are too few.

    Nomura et al., Warm Starting CMA-ES, AAAI 2021. Each run must have exactly the numeric
    parameters that CMA-ES searches.
    """
    numbers = {
        name
        for name, distribution in known.shared_by(TrialState.COMPLETE).items()
        if not isinstance(distribution, CategoricalDistribution)
    }
    sources = []
    for trial in prior:
        if trial.state is TrialState.COMPLETE and numbers <= trial.params.keys():
            source = copy.copy(trial)
            source.params = {name: trial.params[name] for name in numbers}
            source.distributions = {name: trial.distributions[name] for name in numbers}
            sources.append(source)
    return sources if len(sources) >= _MIN_SOURCE_TRIALS else None


def _nsga2(options: Options) -> OptunaAlgorithm:
    def make(seed: int, known: KnownSpaces, _: Sequence[FrozenTrial]) -> BaseSampler:
        sampler = NSGAIISampler(seed=seed, **_genetic(options))
        return _with(sampler, known, TrialState.COMPLETE)

    return _genetic_algorithm(make, NSGAIISampler, options)


def _nsga3(options: Options) -> OptunaAlgorithm:
    def make(seed: int, known: KnownSpaces, _: Sequence[FrozenTrial]) -> BaseSampler:
        sampler = NSGAIIISampler(
            seed=seed, dividing_parameter=options["dividing_parameter"], **_genetic(options)
        )
        return _with(sampler, known, TrialState.COMPLETE)

    return _genetic_algorithm(make, NSGAIIISampler, options)


def _genetic_algorithm(
    make: Callable[[int, KnownSpaces, Sequence[FrozenTrial]], BaseSampler],
    kind: type[NSGAIISampler] | type[NSGAIIISampler],
    options: Options,
) -> OptunaAlgorithm:
    generation = generation_key(kind)
    return OptunaAlgorithm(
        make,
        kept=(generation,),
        parents=parents_key_prefix(kind),
        # Prior runs are part of the first population.
        prior_attributes={generation: 0},
        fits_other_points=True,
        # The first generation.
        learns_from=options["population_size"],
    )


_CROSSOVERS: dict[str, Callable[[], BaseCrossover]] = {
    "blx_alpha": BLXAlphaCrossover,
    "sbx": SBXCrossover,
    "spx": SPXCrossover,
    "undx": UNDXCrossover,
    "vsbx": VSBXCrossover,
}


def _genetic(options: Options) -> dict[str, Any]:
    crossover = options["crossover"]
    return {
        "population_size": options["population_size"],
        "crossover": (
            UniformCrossover(options["swapping_prob"])
            if crossover == "uniform"
            else _CROSSOVERS[crossover]()
        ),
        "crossover_prob": options["crossover_prob"],
        "swapping_prob": options["swapping_prob"],
        "mutation": PolynomialMutation() if options["mutation"] == "polynomial" else None,
        "mutation_prob": options["mutation_prob"],
    }


def _with(sampler: BaseSampler, known: KnownSpaces, *states: TrialState) -> BaseSampler:
    """Return the sampler with the known parameters of trials, instead of a search at every ask."""
    return with_search_space(sampler, SharedSpace(known, *states))
