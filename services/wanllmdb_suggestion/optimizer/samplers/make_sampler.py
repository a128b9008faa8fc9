"""Makes the sampler that a spec names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_suggestion.optimizer.samplers.grid import GridSampler
from wanllmdb_suggestion.optimizer.samplers.optuna_algorithms import optuna_algorithm
from wanllmdb_suggestion.optimizer.samplers.optuna_sampler import OptunaSampler
from wanllmdb_suggestion.optimizer.samplers.proposal_filter import ProposalFilter, Repeats
from wanllmdb_suggestion.optimizer.samplers.qmc import QmcSampler
from wanllmdb_suggestion.optimizer.samplers.random_search import RandomSampler
from wanllmdb_suggestion.optimizer.samplers.sampler import Sampler
from wanllmdb_suggestion.optimizer.samplers.tpe import TpeSampler
from wanllmdb_suggestion.optimizer.types import AlgorithmChoice, PriorRecord, StudySpec

_DESCRIBED = {description.name: description for description in SAMPLERS}


def is_exhaustive(name: str) -> bool:
    """Return whether the sampler of that name ends once every point was proposed."""
    return _DESCRIBED[name].is_exhaustive if name in _DESCRIBED else False


def counts_pruned_runs(choice: AlgorithmChoice) -> bool:
    """Return whether the sampler itself learns from pruned runs."""
    if choice.name == "cmaes":
        return bool(choice.options.get("consider_pruned_trials"))
    return choice.name == "tpe"


def make_sampler(spec: StudySpec, prior_runs: Sequence[PriorRecord] = ()) -> Sampler:
    """Return the spec's sampler, with the prior runs but no runs yet.

    Raises:
        ValueError: this service has no sampler of that name.
    """
    described = _DESCRIBED.get(spec.sampler.name)
    if described is None:
        raise ValueError(f"no sampler is named '{spec.sampler.name}'")
    options: Mapping[str, Any] = described.values(spec.sampler.options)
    sampler = _bare_sampler(spec, options, prior_runs)
    if described.is_exhaustive:
        # Such a sampler excludes repeats itself.
        return sampler
    repeats = _REPEATS[options["allow_duplicates"]]
    if not ProposalFilter.is_needed(spec.space, repeats):
        return sampler
    return ProposalFilter(sampler, spec.space, spec.seed, repeats)


_REPEATS = {
    True: Repeats.FREELY,
    None: Repeats.AS_DRAWN,
    False: Repeats.WHEN_ALL_ARE_SEEN,
}


def _bare_sampler(
    spec: StudySpec, options: Mapping[str, Any], prior_runs: Sequence[PriorRecord]
) -> Sampler:
    match spec.sampler.name:
        case "random":
            return RandomSampler(spec.space, spec.seed)
        case "qmc":
            return QmcSampler(
                spec.space, spec.seed, kind=options["qmc_type"], scramble=options["scramble"]
            )
        case "grid":
            return GridSampler(
                spec.space,
                spec.seed,
                grid_points=options["grid_points"],
                shuffle=options["shuffle"],
            )
        case "brute_force":
            # All parameters are discrete, so no range needs to be divided.
            return GridSampler(spec.space, spec.seed, shuffle=True)
        case "tpe":
            # As in Optuna, one metric alone is searched jointly by default.
            multivariate = options["multivariate"]
            return TpeSampler(
                spec.space,
                spec.seed,
                minimize=[metric.minimize for metric in spec.metrics],
                startup_runs=options["n_startup_trials"],
                candidates=options["n_ei_candidates"],
                multivariate=len(spec.metrics) == 1 if multivariate is None else multivariate,
                group=options["group"],
                counts_running=options["constant_liar"],
                failed_is_worst=options["failed_runs"] == "worst",
                prior_runs=prior_runs,
            )
        case name:
            return OptunaSampler(
                spec.space,
                spec.seed,
                spec.metrics,
                optuna_algorithm(name, options),
                failed_is_worst=options["failed_runs"] == "worst",
                prior_runs=prior_runs,
            )
