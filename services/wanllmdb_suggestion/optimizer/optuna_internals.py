"""Every use of Optuna's private API, in one place.

A new version of Optuna may change any of these names without notice:
`tests/unit/suggestion/test_optuna_internals.py` checks each name and signature, and lists the
versions that they were tried on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from optuna._hypervolume import compute_hypervolume
from optuna._hypervolume.hssp import _solve_hssp
from optuna._transform import _SearchSpaceTransform
from optuna.distributions import BaseDistribution
from optuna.pruners import HyperbandPruner
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
)
from optuna.samplers._tpe.sampler import (
    default_gamma,
    default_gamma_multiobjective,
    default_weights,
)
from optuna.storages import InMemoryStorage
from optuna.study import Study, StudyDirection
from optuna.study._multi_objective import _fast_non_domination_rank
from optuna.trial import FrozenTrial, Trial

Floats = NDArray[np.float64]

__all__ = [
    "EditableStorage",
    "HyperbandBrackets",
    "ReproducibleCmaEsSampler",
    "SearchSpaceTransform",
    "StudySubstitute",
    "compute_hypervolume",
    "default_gamma",
    "default_gamma_multiobjective",
    "default_weights",
    "generation_key",
    "nondomination_ranks",
    "parents_key_prefix",
    "solve_hssp",
    "suggest_value",
    "with_search_space",
]

SearchSpaceTransform = _SearchSpaceTransform


def nondomination_ranks(losses: Floats, best: int) -> NDArray[np.intp]:
    """Return the front of each of the losses, right for at least the `best` best ones.

    All others have the rank behind these.

    Args:
        losses: Of shape (runs, metrics); smaller is better.
        best: At least 1.
    """
    ranks: NDArray[np.intp] = _fast_non_domination_rank(losses, n_below=best)
    return ranks


def solve_hssp(
    losses: Floats, indexes: NDArray[np.intp], count: int, reference: Floats
) -> NDArray[np.intp]:
    """Return the `count` indexes whose losses dominate the largest volume, chosen greedily.

    Args:
        losses: Of shape (runs, metrics), all of one front.
        indexes: Of the runs.
        count: Less than the number of runs.
        reference: The point up to which volumes count.
    """
    found: NDArray[np.intp] = _solve_hssp(losses, indexes, count, reference)
    return found


def suggest_value(trial: Trial, name: str, distribution: BaseDistribution) -> Any:
    """Return the sampler's value of a parameter, for any distribution."""
    return trial._suggest(name, distribution)


class ReproducibleCmaEsSampler(CmaEsSampler):
    """CMA-ES whose stored state holds no uninitialized memory.

    The `cmaes` package allocates a table that only its own stopping rule reads, and does not
    initialize it.
    """

    def _init_optimizer(self, *args: Any, **kwargs: Any) -> Any:
        optimizer = super()._init_optimizer(*args, **kwargs)
        # CMAwM wraps an instance of the other classes.
        getattr(optimizer, "_cma", optimizer)._funhist_values[:] = 0.0
        return optimizer


def generation_key(kind: type[NSGAIISampler] | type[NSGAIIISampler]) -> str:
    """Return the trial attribute that holds a trial's generation."""
    return kind._get_generation_key()


def parents_key_prefix(kind: type[NSGAIISampler] | type[NSGAIIISampler]) -> str:
    """Return the prefix of the study attributes that hold the parents of a generation."""
    return kind._get_parent_cache_key_prefix()


def with_search_space(sampler: BaseSampler, search_space: object) -> BaseSampler:
    """Return the sampler with `search_space` in place of its own IntersectionSearchSpace."""
    attribute = "_intersection_search_space" if isinstance(sampler, GPSampler) else "_search_space"
    assert hasattr(sampler, attribute), f"{type(sampler)} has no {attribute}"
    setattr(sampler, attribute, cast("Any", search_space))
    return sampler


class EditableStorage(InMemoryStorage):
    """A storage of one study whose trials and attributes can be replaced and removed."""

    def __init__(self, directions: Sequence[StudyDirection], name: str) -> None:
        super().__init__()
        self._study_id = self.create_new_study(directions, name)

    @property
    def trials(self) -> list[FrozenTrial]:
        """The trials themselves, by number."""
        return self._studies[self._study_id].trials

    @property
    def attributes(self) -> dict[str, Any]:
        """The study's system attributes."""
        return self._studies[self._study_id].system_attrs

    @attributes.setter
    def attributes(self, attributes: dict[str, Any]) -> None:
        self._studies[self._study_id].system_attrs = attributes

    def append(self, trial: FrozenTrial) -> None:
        """Add a trial whose number and id are the count of trials."""
        number = len(self.trials)
        self.trials.append(trial)
        self._trial_id_to_study_id_and_number[number] = (self._study_id, number)

    def pop(self) -> FrozenTrial:
        """Remove the last trial and return it."""
        trial = self.trials.pop()
        del self._trial_id_to_study_id_and_number[len(self.trials)]
        return trial


class StudySubstitute:
    """What a pruner gets in place of a study, for subclasses to complete.

    The attributes that a pruner writes are dropped: they follow from the values of the runs.
    """

    class _NoStorage:
        def set_trial_system_attr(self, trial_id: int, key: str, value: object) -> None:
            pass

    _storage = _NoStorage()

    @property
    def as_study(self) -> Study:
        """The same object, typed as a study."""
        return cast("Study", self)


class HyperbandBrackets(HyperbandPruner):
    """Optuna's hyperband pruner with public names, over substitutes of a study."""

    def start(self, study: Study) -> None:
        """Compute the brackets."""
        self._try_initialization(study)

    def bracket_id(self, study: Study, trial: FrozenTrial) -> int:
        """Return the bracket of the trial."""
        return self._get_bracket_id(study, trial)

    def bracket_study(self, study: Study, bracket_id: int) -> Study:
        """Return the study restricted to the trials of one bracket."""
        raise NotImplementedError

    def _create_bracket_study(self, study: Study, bracket_id: int) -> Study:
        return self.bracket_study(study, bracket_id)
