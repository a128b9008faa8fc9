"""A search of scikit-learn whose candidates are the runs of a sweep."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

import numpy as np
from joblib import effective_n_jobs
from sklearn.model_selection._search import BaseSearchCV
from sklearn.model_selection._split import _yields_constant_splits
from sklearn.utils import check_random_state

from wanllmdb._client import Client
from wanllmdb._errors import FailedPreconditionError, WanllmdbError
from wanllmdb._types.runs import Failed, MetricRow, Run, Succeeded
from wanllmdb.integration._sklearn_space import SklearnSpace
from wanllmdb.integration._worker import Worker

_MOST_RUNS = 100
"""The most runs that one Suggest returns."""

_ALL_FAILED = "fits failed"
"""A part of scikit-learn's error when every fit of some candidates failed."""


class SweepSearchCV(BaseSearchCV):
    """Search over an estimator's hyperparameters with a sweep.

    The interface is that of RandomizedSearchCV. Each candidate is a run of a sweep, whose sampler
    proposes it after the results of the ones before. The sweep maximizes the mean test score; with
    several scorers, that of the one that `refit` names. The services' addresses and the API key
    come from the environment, as for `Client`.

    Args:
        estimator: the estimator; it, or `scoring`, has a score.
        param_distributions: by the estimator's parameters: a list of values, a frozen distribution
            of SciPy (uniform, loguniform, randint, norm), or a parameter as in a sweep's config,
            such as `{"min": 1, "max": 8}`.
        n_iter: the run cap: the most candidates; None for as many as method "grid" has.
        method: the sweep's method: "bayes", "random" or "grid".
        sampler: the sweep's sampler, as in its config.
        batch_size: how many candidates are evaluated together; by default as many as `n_jobs` has
            work for. The sampler learns after each batch.
        project: the sweep's project.
        sweep_name: the sweep's name.
        random_state: seeds the sweep.
        scoring: see RandomizedSearchCV, as for the other arguments.

    Attributes:
        sweep_id_: the sweep's id.
        cv_results_, best_estimator_, best_score_, best_params_, best_index_, scorer_, n_splits_,
            refit_time_, multimetric_, classes_, n_features_in_, feature_names_in_: see
            RandomizedSearchCV. `cv_results_` also has `run_number`.
    """

    # By its name, scikit-learn finds the arguments that every instance needs.
    _required_parameters: ClassVar[list[str]] = ["estimator", "param_distributions"]

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, Any],
        *,
        n_iter: int | None = 10,
        method: str = "bayes",
        sampler: Mapping[str, Any] | None = None,
        batch_size: int | None = None,
        project: str = "",
        sweep_name: str = "",
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = np.nan,
        return_train_score: bool = False,
    ) -> None:
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.method = method
        self.sampler = sampler
        self.batch_size = batch_size
        self.project = project
        self.sweep_name = sweep_name
        self.random_state = random_state
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )

    def _run_search(self, evaluate_candidates: Callable[..., Mapping[str, Any]]) -> None:
        """Evaluate the runs of a new sweep until it has no more."""
        space = SklearnSpace(self.param_distributions)
        # Made here: processes that evaluate candidates get a copy of this object.
        with Client() as client:
            created = client.create_sweep(
                self._config(space), project=self.project, name=self.sweep_name
            )
            self.sweep_id_ = created.sweep.sweep_id
            try:
                with Worker(client, self.sweep_id_) as worker:
                    _Search(worker, space, self._metric(), self.error_score).run(
                        evaluate_candidates, self._batch()
                    )
            except BaseException:
                # No agent goes on with it: without this it would stay as a running sweep.
                with suppress(WanllmdbError):
                    client.cancel_sweep(self.sweep_id_)
                raise

    def _check_input_parameters(self, X: Any, y: Any, split_params: Mapping[str, Any]) -> None:  # noqa: N803
        """Reject splits that differ from batch to batch: their scores could not be compared.

        Raises:
            ValueError: `cv` shuffles without an integer as its random_state.
        """
        super()._check_input_parameters(X=X, y=y, split_params=split_params)
        if not _yields_constant_splits(self._checked_cv_orig):
            raise ValueError(
                "cv must split alike for every batch of candidates: give it an integer as "
                "random_state, or do not shuffle"
            )

    def _config(self, space: SklearnSpace) -> dict[str, Any]:
        config: dict[str, Any] = {
            "method": self.method,
            "metric": {"name": self._metric(), "goal": "maximize"},
            "parameters": space.config,
        }
        if self.n_iter is not None:
            config["run_cap"] = self.n_iter
        if self.sampler is not None:
            config["sampler"] = self.sampler
        if self.random_state is not None:
            config["seed"] = int(check_random_state(self.random_state).randint(2**31 - 1))
        return config

    def _metric(self) -> str:
        """The key of `cv_results_` that the sweep maximizes."""
        return f"mean_test_{self.refit if isinstance(self.refit, str) else 'score'}"

    def _batch(self) -> int:
        if self.batch_size is not None:
            return self.batch_size
        jobs = int(effective_n_jobs(self.n_jobs))
        return min(_MOST_RUNS, math.ceil(jobs / int(self.n_splits_)))


class _Search:
    """The runs of one fit."""

    def __init__(self, worker: Worker, space: SklearnSpace, metric: str, error_score: Any) -> None:
        self._worker = worker
        self._space = space
        self._metric = metric
        self._raises = error_score == "raise"
        self._candidates = 0

    def run(self, evaluate: Callable[..., Mapping[str, Any]], batch: int) -> None:
        """Evaluate batches of runs until there are no more.

        Raises:
            ValueError: every fit of every candidate failed.
        """
        failure: ValueError | None = None
        while runs := self._next(batch):
            try:
                self._evaluate(evaluate, runs)
            except ValueError as error:
                if self._raises or _ALL_FAILED not in str(error):
                    raise
                # The next candidates may be better: RandomizedSearchCV would evaluate them too.
                failure = error
                self._fail(runs, error)
        if failure is not None and not self._candidates:
            raise failure

    def _next(self, batch: int) -> Sequence[Run]:
        try:
            return self._worker.take(batch).runs
        except FailedPreconditionError:
            # A user ended the sweep: what there is counts.
            if not self._candidates:
                raise
            return ()

    def _evaluate(self, evaluate: Callable[..., Mapping[str, Any]], runs: Sequence[Run]) -> None:
        candidates = [self._space.values(run.parameters) for run in runs]
        numbers = [run.number for run in runs]
        results = evaluate(candidates, more_results={"run_number": numbers})
        if self._metric not in results:
            raise ValueError(
                f"the results have no {self._metric}: with several scorers, set refit to the name "
                f"of the one that the sweep maximizes"
            )
        means = [
            name
            for name in results
            if name.startswith("mean_") and name not in ("mean_fit_time", "mean_score_time")
        ]
        first = self._candidates
        self._candidates += len(runs)
        for row, run in enumerate(runs, start=first):
            values = {name: float(results[name][row]) for name in means}
            rows = [MetricRow(0, values)]
            if math.isnan(values[self._metric]):
                self._worker.end(run, Failed(f"{self._metric} is NaN"), rows)
            else:
                self._worker.end(run, Succeeded(), rows)

    def _fail(self, runs: Sequence[Run], error: ValueError) -> None:
        for run in runs:
            self._worker.end(run, Failed("every fit failed", str(error)))
