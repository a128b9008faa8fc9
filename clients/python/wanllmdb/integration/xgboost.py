"""A callback for XGBoost: `callbacks=[WandbCallback()]`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from xgboost.callback import TrainingCallback

import wanllmdb
from wanllmdb.integration._run import define_best, note_left_out, own_file, run_for

__all__ = ["WandbCallback", "wandb_callback"]

_LOWER_IS_BETTER = frozenset({"rmse", "rmsle", "mae", "mape", "mphe", "logloss", "error", "merror"})
_HIGHER_IS_BETTER = frozenset({"auc", "aucpr", "ndcg", "map"})


class WandbCallback(TrainingCallback):
    """Logs each iteration's metrics, under names such as `validation_0-rmse`.

    At the end of a training with early stopping, the callback logs `best_score` and
    `best_iteration`. For `xgboost.cv`, it logs the mean under the metric's name and the deviation
    under that name with `-std`.

    Args:
        log_model: save the model in the run's folder.
        log_feature_importance: accepted for scripts written for W&B: plots are not kept.
        importance_type: accepted for scripts written for W&B.
        define_metric: keep the best value of each metric that XGBoost knows, not the last.

    Raises:
        NoRunError: there is no current run.
    """

    def __init__(
        self,
        log_model: bool = False,
        log_feature_importance: bool = True,
        importance_type: str = "gain",
        define_metric: bool = True,
    ) -> None:
        super().__init__()
        run_for("WandbCallback()")
        self.log_model = log_model
        self.log_feature_importance = log_feature_importance
        self.importance_type = importance_type
        self.define_metric = define_metric
        self._defined: set[str] = set()

    def before_training(self, model: Any) -> Any:
        """Add the model's configuration to the config."""
        # Cross-validation has several models and no configuration of a single one.
        if hasattr(model, "save_config"):
            run_for("WandbCallback()").config.update(json.loads(model.save_config()))
        return model

    def after_iteration(
        self, model: Any, epoch: int, evals_log: Mapping[str, Mapping[str, list[Any]]]
    ) -> bool:
        """Log the metrics; return False, so that training continues."""
        del model
        values: dict[str, float] = {"epoch": epoch}
        for data, metrics in evals_log.items():
            for metric, history in metrics.items():
                name, last = f"{data}-{metric}", history[-1]
                if isinstance(last, tuple):
                    last, values[f"{name}-std"] = last
                values[name] = last
                if self.define_metric and name not in self._defined:
                    self._defined.add(name)
                    define_best(name, _direction(metric))
        wanllmdb.log(values)
        return False

    def after_training(self, model: Any) -> Any:
        """Log the best score if early stopping found one."""
        if self.log_model and hasattr(model, "save_model"):
            file = own_file(f"{run_for('WandbCallback()').id}_model.json")
            model.save_model(file)
        if self.log_feature_importance:
            note_left_out("the plot of XGBoost's feature importance")
        best_score, best_iteration = model.attr("best_score"), model.attr("best_iteration")
        if best_score is not None and best_iteration is not None:
            wanllmdb.log({"best_score": float(best_score), "best_iteration": int(best_iteration)})
        return model


def wandb_callback() -> Callable[[Any], None]:
    """A callback for XGBoost before 1.3, which passed `evaluation_result_list`."""

    def callback(env: Any) -> None:
        wanllmdb.log(dict(env.evaluation_result_list))

    return callback


def _direction(metric: str) -> str | None:
    # `error@0.7`, `ndcg@5-`: the number is a threshold or a depth.
    metric = metric.lower().partition("@")[0]
    if "loss" in metric or metric in _LOWER_IS_BETTER:
        return "min"
    return "max" if metric in _HIGHER_IS_BETTER else None
