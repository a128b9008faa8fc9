"""A callback and helpers for LightGBM: `callbacks=[wandb_callback()]`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lightgbm import Booster

import wanllmdb
from wanllmdb._errors import InvalidArgumentError
from wanllmdb.integration._run import define_best, note_left_out, own_file, run_for

__all__ = ["log_summary", "wandb_callback"]

_LOWER_IS_BETTER = frozenset(
    {"l1", "l2", "rmse", "mape", "huber", "fair", "poisson", "gamma", "binary_logloss"}
)
_HIGHER_IS_BETTER = frozenset({"map", "auc", "average_precision"})


def wandb_callback(log_params: bool = True, define_metric: bool = True) -> Callable[[Any], None]:
    """Return a callback that logs each iteration's metrics, under names such as `valid_0_l2`.

    `lightgbm.cv` yields names such as `valid_l2-mean` and `valid_l2-stdv`.

    Args:
        log_params: store the training parameters in the config.
        define_metric: keep the best value of each metric that LightGBM knows, not the last.
    """
    return _Callback(log_params, define_metric)


def log_summary(
    model: Booster, feature_importance: bool = True, save_model_checkpoint: bool = False
) -> None:
    """Store a trained model's best iteration and score in the run's summary.

    Args:
        model: as `lightgbm.train` returns it.
        feature_importance: accepted for scripts written for W&B: plots are not kept.
        save_model_checkpoint: save the model in the run's folder.

    Raises:
        NoRunError: there is no current run.
        InvalidArgumentError: the model is not a Booster.
    """
    run = run_for("log_summary()")
    if not isinstance(model, Booster):
        raise InvalidArgumentError(
            f"log_summary takes a lightgbm.Booster, not {type(model).__name__}; for LightGBM's "
            "scikit-learn classes, pass `model.booster_`"
        )
    run.summary["best_iteration"] = model.best_iteration
    run.summary["best_score"] = model.best_score
    if feature_importance:
        note_left_out("the plot of LightGBM's feature importance")
    if save_model_checkpoint:
        file = own_file(f"model_ckpt_{model.best_iteration}.txt")
        model.save_model(file, num_iteration=model.best_iteration)


class _Callback:
    """Receives LightGBM's `CallbackEnv` after each iteration."""

    # Run after the callbacks that record results, and before early stopping, which ends the
    # training.
    order = 20
    before_iteration = False

    def __init__(self, log_params: bool, define_metric: bool) -> None:
        self._log_params = log_params
        self._define_metric = define_metric

    def __call__(self, env: Any) -> None:
        results = [_named(result) for result in env.evaluation_result_list or ()]
        if env.iteration == env.begin_iteration:
            self._begin(env.params, results)
        values: dict[str, float] = {"iteration": env.iteration}
        for name, _, value, deviation in results:
            if deviation is None:
                values[name] = value
            else:
                values[f"{name}-mean"], values[f"{name}-stdv"] = value, deviation
        wanllmdb.log(values)

    def _begin(
        self, params: dict[str, Any], results: list[tuple[str, str, float, float | None]]
    ) -> None:
        run = run_for("wandb_callback()")
        if self._log_params:
            run.config.update(params)
        if self._define_metric:
            for name, metric, _, deviation in results:
                suffix = "" if deviation is None else "-mean"
                define_best(f"{name}{suffix}", _direction(metric))


def _named(result: tuple[Any, ...]) -> tuple[str, str, float, float | None]:
    """A result's full name, metric and value, and with cross-validation its deviation."""
    data, metric, value = result[:3]
    deviation = result[4] if len(result) > 4 else None
    if data == "cv_agg":
        # LightGBM before 4.7 has both names in the second place.
        data, _, metric = metric.partition(" ")
    return f"{data}_{metric}", metric, value, deviation


def _direction(metric: str) -> str | None:
    metric = metric.lower()
    if "loss" in metric or metric in _LOWER_IS_BETTER:
        return "min"
    return "max" if metric in _HIGHER_IS_BETTER else None
