"""`SweepSearchCV` is a search as scikit-learn's are, and its candidates are the runs of a sweep."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import numpy as np
import pytest
from joblib import parallel_config
from scipy.stats import loguniform, norm, poisson, randint, uniform
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import make_classification, make_regression
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from wanllmdb import Client, Method, RunState, SweepState
from wanllmdb.integration._sklearn_space import SklearnSpace
from wanllmdb.integration.sklearn import SweepSearchCV

X, Y = make_classification(n_samples=60, n_features=4, random_state=0)
ALPHAS = {"alpha": {"min": 0.1, "max": 1.0}}
# Those of RandomizedSearchCV, for the same reasons.
EXPECTED_FAILURES = {
    "check_supervised_y_2d": "DataConversionWarning not caught",
    "check_requires_y_none": "Doesn't fail gracefully",
}


@pytest.fixture(autouse=True)
def _services(
    registry_address: str, suggestion_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANLLMDB_REGISTRY", registry_address)
    monkeypatch.setenv("WANLLMDB_SUGGESTION", suggestion_address)


async def fitted(search: Any, x: Any = X, y: Any = Y) -> Any:
    """Fit in a thread, because the services answer in this one."""
    return await asyncio.to_thread(search.fit, x, y)


async def test_the_results_are_those_of_a_search_and_the_runs_of_a_sweep(client: Client) -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    space = {
        "logisticregression__C": loguniform(0.01, 10),
        "standardscaler__with_mean": [True, False],
    }
    search = await fitted(SweepSearchCV(pipeline, space, n_iter=5, cv=3, random_state=3))
    other = RandomizedSearchCV(pipeline, space, n_iter=5, cv=3, random_state=3).fit(X, Y)

    assert set(search.cv_results_) == {*other.cv_results_, "run_number"}
    assert list(search.cv_results_["run_number"]) == [0, 1, 2, 3, 4]
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    assert search.best_params_ == search.cv_results_["params"][search.best_index_]
    assert search.predict(X).shape == Y.shape
    assert list(search.classes_) == [0, 1]
    sweep = await asyncio.to_thread(client.get_sweep, search.sweep_id_)
    runs = await asyncio.to_thread(lambda: list(client.list_runs(search.sweep_id_)))
    assert (sweep.state, sweep.spec.method) == (SweepState.FINISHED, Method.BAYES)
    assert [run.parameters for run in runs] == search.cv_results_["params"]
    assert [run.objective for run in runs] == pytest.approx(search.cv_results_["mean_test_score"])
    assert pickle.loads(pickle.dumps(search)).best_params_ == search.best_params_
    assert not hasattr(clone(search), "best_params_")


async def test_the_same_random_state_gives_the_same_candidates() -> None:
    searches = [
        await fitted(SweepSearchCV(Ridge(), ALPHAS, n_iter=3, cv=2, random_state=1))
        for _ in range(2)
    ]

    assert searches[0].cv_results_["params"] == searches[1].cv_results_["params"]


async def test_a_grid_has_every_point_once(client: Client) -> None:
    space = {"fit_intercept": [True, False], "alpha": [0.5, 1.0, 2.0]}

    search = await fitted(SweepSearchCV(Ridge(), space, method="grid", n_iter=None, cv=2))

    points = {(each["alpha"], each["fit_intercept"]) for each in search.cv_results_["params"]}
    assert len(search.cv_results_["params"]) == len(points) == 6


async def test_several_scorers_maximize_the_one_of_refit(client: Client) -> None:
    search = await fitted(
        SweepSearchCV(
            LogisticRegression(),
            {"C": [0.01, 0.1, 1.0]},
            n_iter=2,
            cv=2,
            scoring=["accuracy", "neg_log_loss"],
            refit="neg_log_loss",
            return_train_score=True,
        )
    )

    run = await asyncio.to_thread(client.get_run, search.sweep_id_, 0)
    assert run.objective == pytest.approx(search.cv_results_["mean_test_neg_log_loss"][0])
    assert run.summary["mean_test_accuracy"] == search.cv_results_["mean_test_accuracy"][0]
    assert "mean_train_accuracy" in run.summary


async def test_several_scorers_without_a_choice_are_rejected(client: Client) -> None:
    search = SweepSearchCV(
        LogisticRegression(), {"C": [1.0]}, cv=2, scoring=["accuracy", "f1"], refit=False
    )

    with pytest.raises(ValueError, match="set refit to the name"):
        await fitted(search)

    sweep = await asyncio.to_thread(client.get_sweep, search.sweep_id_)
    assert sweep.state is SweepState.CANCELED


@pytest.mark.parametrize("backend", ["threading", "loky"])
async def test_threads_and_processes_evaluate_a_batch(backend: str) -> None:
    search = SweepSearchCV(LogisticRegression(), {"C": [0.01, 0.1, 1.0]}, cv=2, n_jobs=4, n_iter=3)

    def fit() -> Any:
        with parallel_config(backend):
            return search.fit(X, Y)

    done = await asyncio.to_thread(fit)
    assert search._batch() == 2
    assert len(done.cv_results_["params"]) == 3
    assert not np.isnan(done.cv_results_["mean_test_score"]).any()


async def test_estimators_are_values_too(client: Client) -> None:
    scalers = [StandardScaler(), MinMaxScaler(), "passthrough"]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())

    search = await fitted(
        SweepSearchCV(pipeline, {"standardscaler": scalers}, method="grid", n_iter=None, cv=2)
    )

    assert [each["standardscaler"] for each in search.cv_results_["params"]] == scalers
    run = await asyncio.to_thread(client.get_run, search.sweep_id_, 1)
    assert run.parameters == {"standardscaler": "1: MinMaxScaler()"}


async def test_a_candidate_without_a_score_is_a_failed_run(client: Client) -> None:
    pipeline = make_pipeline(SelectKBest(), Ridge())
    x, y = make_regression(n_samples=30, n_features=3, random_state=0)
    # No fit with the first one works.
    space = {"selectkbest__k": ["none", 2]}

    search = await fitted(SweepSearchCV(pipeline, space, method="grid", n_iter=None, cv=2), x, y)

    assert [each["selectkbest__k"] for each in search.cv_results_["params"]] == [2]
    runs = await asyncio.to_thread(lambda: list(client.list_runs(search.sweep_id_)))
    assert [run.state for run in runs] == [RunState.FAILED, RunState.FINISHED]


async def test_a_search_whose_every_fit_fails_raises_as_other_searches_do() -> None:
    with pytest.raises(ValueError, match="fits failed"):
        await fitted(SweepSearchCV(LogisticRegression(), {"C": [-1.0, -2.0]}, n_iter=2, cv=2))


async def test_splits_that_differ_are_rejected() -> None:
    search = SweepSearchCV(Ridge(), ALPHAS, cv=KFold(2, shuffle=True))

    with pytest.raises(ValueError, match="split alike"):
        await fitted(search)


async def test_a_sweep_that_a_user_ends_keeps_its_results(client: Client) -> None:
    class Ended(Ridge):
        """Ends the sweep in its third fit."""

        fits = 0

        def fit(self, x: Any, y: Any) -> Any:
            Ended.fits += 1
            if Ended.fits == 3:
                client.finish_sweep(search.sweep_id_)
            return super().fit(x, y)

    search = SweepSearchCV(Ended(), ALPHAS, n_iter=20, cv=2)

    done = await fitted(search)

    assert len(done.cv_results_["params"]) == 2


def test_a_distribution_is_the_same_one_of_the_sweep() -> None:
    space = SklearnSpace(
        {
            "a": uniform(1, 2),
            "b": loguniform(0.1, 10),
            "c": randint(2, 5),
            "d": norm(loc=1, scale=2),
            "e": np.array([1, 2]),
            "f": {"min": 1, "max": 3},
        }
    )

    assert space.config == {
        "a": {"distribution": "uniform", "min": 1.0, "max": 3.0},
        "b": {"distribution": "log_uniform_values", "min": 0.1, "max": 10.0},
        "c": {"distribution": "int_uniform", "min": 2, "max": 4},
        "d": {"distribution": "normal", "mu": 1.0, "sigma": 2.0},
        "e": {"values": [1, 2]},
        "f": {"min": 1, "max": 3},
    }


@pytest.mark.parametrize("distribution", [poisson(3), "adam", 3])
def test_another_distribution_is_rejected(distribution: Any) -> None:
    with pytest.raises(TypeError, match="a: "):
        SklearnSpace({"a": distribution})


@pytest.mark.timeout(600)
async def test_it_passes_the_checks_of_estimators() -> None:
    search: BaseEstimator = SweepSearchCV(
        Ridge(), ALPHAS, n_iter=2, cv=2, error_score="raise", random_state=0
    )

    results = await asyncio.to_thread(
        check_estimator, search, expected_failed_checks=EXPECTED_FAILURES, on_fail=None
    )

    failed = {
        each["check_name"]: each["exception"] for each in results if each["status"] == "failed"
    }
    assert failed == {}
    assert sum(each["status"] == "passed" for each in results) > 40
