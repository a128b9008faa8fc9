"""A canary: the names of Optuna's private API that the optimizer uses still exist."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import cmaes
import numpy as np
import optuna
import pytest
from optuna._hypervolume import compute_hypervolume
from optuna._hypervolume.hssp import _solve_hssp
from optuna._transform import _SearchSpaceTransform
from optuna.pruners import HyperbandPruner
from optuna.samplers import CmaEsSampler, GPSampler, NSGAIIISampler, NSGAIISampler, TPESampler
from optuna.samplers._tpe.sampler import (
    default_gamma,
    default_gamma_multiobjective,
    default_weights,
)
from optuna.storages import InMemoryStorage
from optuna.study._multi_objective import _fast_non_domination_rank
from optuna.trial import Trial, create_trial

# The versions that `optimizer/optuna_internals.py` was tried on. After an upgrade, run all tests
# of this directory and add the version.
TRIED = ["5.0"]


def test_this_version_of_optuna_was_tried() -> None:
    assert ".".join(optuna.__version__.split(".")[:2]) in TRIED


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (default_gamma, "x"),
        (default_gamma_multiobjective, "x"),
        (default_weights, "x"),
        (_SearchSpaceTransform, "search_space transform_log transform_step transform_0_1"),
        (_SearchSpaceTransform.untransform, "self trans_params"),
        (compute_hypervolume, "loss_vals reference_point assume_pareto"),
        (_solve_hssp, "rank_i_loss_vals rank_i_indices subset_size reference_point"),
        (_fast_non_domination_rank, "loss_values penalty n_below"),
        (HyperbandPruner._try_initialization, "self study"),
        (HyperbandPruner._get_bracket_id, "self study trial"),
        (HyperbandPruner._create_bracket_study, "self study bracket_id"),
        (Trial._suggest, "self name distribution"),
        (CmaEsSampler._init_optimizer, "self trans direction"),
        (NSGAIISampler._get_generation_key, ""),
        (NSGAIISampler._get_parent_cache_key_prefix, ""),
        (NSGAIIISampler._get_generation_key, ""),
        (NSGAIIISampler._get_parent_cache_key_prefix, ""),
    ],
)
def test_a_private_function_has_its_parameters(
    function: Callable[..., Any], parameters: str
) -> None:
    assert list(inspect.signature(function).parameters) == parameters.split()


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_samplers_have_the_attributes_that_are_read_or_replaced() -> None:
    tpe = TPESampler(n_ei_candidates=7)
    assert tpe._n_ei_candidates == 7
    assert tpe._parzen_estimator_parameters is not None
    for sampler in (tpe, CmaEsSampler(), NSGAIISampler(), NSGAIIISampler()):
        assert hasattr(sampler._search_space, "calculate")
    # Making a GPSampler needs torch.
    assert "self._intersection_search_space" in inspect.getsource(GPSampler.__init__)


def test_the_transform_has_bounds() -> None:
    transform = _SearchSpaceTransform({"x": optuna.distributions.FloatDistribution(1.0, 2.0)})
    assert transform.bounds.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    "optimizer",
    [
        cmaes.CMA(np.zeros(2), 1.0),
        cmaes.SepCMA(np.zeros(2), 1.0),
        cmaes.CMAwM(np.zeros(2), 1.0, np.array([[-1.0, 1.0]] * 2), np.zeros(2))._cma,
    ],
    ids=["CMA", "SepCMA", "CMAwM"],
)
def test_cmaes_has_its_table_of_past_values(optimizer: Any) -> None:
    assert isinstance(optimizer._funhist_values, np.ndarray)


def test_the_storage_keeps_studies_and_trials_as_it_did() -> None:
    storage = InMemoryStorage()
    study = storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "name")
    trial = storage.create_new_trial(study, create_trial(value=1.0))
    assert (study, trial) == (0, 0)
    assert [t.number for t in storage._studies[study].trials] == [0]
    assert storage._studies[study].system_attrs == {}
    assert storage._trial_id_to_study_id_and_number == {trial: (study, 0)}
