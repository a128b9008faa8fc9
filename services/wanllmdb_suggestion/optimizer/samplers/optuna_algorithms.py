"""Optuna's samplers by name, each made anew for an ask, and what they keep beside results."""

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
    TPESampler,
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

# Some of what is used here Optuna calls experimental; it would say so at every ask.
warnings.filterwarnings("ignore", category=ExperimentalWarning)

Options = Mapping[str, Any]

# A proposal of a Gaussian process takes two seconds at 500 runs, and eight times as long
# at twice as many.
_MAX_GP_RUNS = 1_000

# Of so few prior runs CMA-ES can't choose the best tenth.
_MIN_SOURCE_TRIALS = 10


@dataclass(frozen=True, slots=True)
class OptunaAlgorithm:
    """How a sampler of Optuna is used.

    Attributes:
        make: The sampler for one ask: from its seed, the parameters that trials
            have, and the prior runs as trials.
        kept: Prefixes of the trial attributes that later asks read.
        parents: Prefix of the study attributes that hold the trials of a
            generation's parents; empty where it has none.
        prior_attributes: What prior runs have among their trial attributes.
        fits_other_points: Whether what is kept of a trial holds too when the run
            gets other parameters than those drawn.
        learns_from: So many runs must have ended before categories are not drawn at random;
            None where they always are.
        learns_from_pruned: Whether pruned runs count among these.
        redraws: See `Sampler.redraws`.
        most_runs: The latest finished runs that it learns from; None for all.
    """

    make: Callable[[int, KnownSpaces, Sequence[FrozenTrial]], BaseSampler]
    kept: tuple[str, ...] = ()
    parents: str = ""
    prior_attributes: Mapping[str, Any] = field(default_factory=dict)
    fits_other_points: bool = False
    learns_from: int | None = None
    learns_from_pruned: bool = False
    redraws: int = 8
    most_runs: int | None = None

    def draws_categories_at_random(self, known: KnownSpaces) -> bool:
        """Whether an ask over these trials draws categories at random."""
        if self.learns_from is None:
            return True
        pruned = known.count(TrialState.PRUNED) if self.learns_from_pruned else 0
        return known.count(TrialState.COMPLETE) + pruned < self.learns_from


def optuna_algorithm(name: str, options: Options) -> OptunaAlgorithm:
    """The algorithm of that name.

    Args:
        name: `tpe`, `gp`, `cmaes`, `nsga2` or `nsga3`.
        options: Every option's value.
    """
    return {"tpe": _tpe, "gp": _gp, "cmaes": _cmaes, "nsga2": _nsga2, "nsga3": _nsga3}[name](
        options
    )


def _tpe(options: Options) -> OptunaAlgorithm:
    def make(seed: int, known: KnownSpaces, _: Sequence[FrozenTrial]) -> BaseSampler:
        sampler = TPESampler(
            seed=seed,
            n_startup_trials=options["n_startup_trials"],
            n_ei_candidates=options["n_ei_candidates"],
            multivariate=options["multivariate"],
            group=options["group"],
            constant_liar=options["constant_liar"],
        )
        return _with(sampler, known, TrialState.COMPLETE, TrialState.PRUNED)

    return OptunaAlgorithm(make, learns_from=options["n_startup_trials"], learns_from_pruned=True)


def _gp(options: Options) -> OptunaAlgorithm:
    def make(seed: int, known: KnownSpaces, _: Sequence[FrozenTrial]) -> BaseSampler:
        sampler = GPSampler(
            seed=seed,
            n_startup_trials=options["n_startup_trials"],
            deterministic_objective=options["deterministic_objective"],
            warn_independent_sampling=False,
        )
        return _with(sampler, known, TrialState.COMPLETE)

    # It takes the best point that it finds: another seed finds the same one again.
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
    """What CMA-ES starts from (Nomura et al., Warm Starting CMA-ES, AAAI 2021); it must have the
    numbers that CMA-ES searches, and nothing else.
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
        # They are part of the first population.
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
