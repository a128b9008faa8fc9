"""W&B's first callback for Keras, for older programs."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any, Literal

from keras.callbacks import Callback

import wanllmdb
from wanllmdb._notes import note
from wanllmdb.integration._run import note_left_out, own_file, run_for


class WandbCallback(Callback):
    """Logs Keras's metrics under their own names, such as `loss` and `val_loss`, and `epoch`.

    The best value of the monitored metric, and its epoch, are put into the run's summary.

    Args:
        monitor: the metric whose best value is kept.
        verbose: 1 prints every improvement.
        mode: "min" or "max"; "auto" decides by the metric's name.
        save_weights_only: save only the weights.
        save_model: saves the best model as `model-best.h5` in the run's folder.
        log_batch_frequency: also log each time after this number of batches.
        log_best_prefix: the prefix of the names in the summary; None keeps them out of the summary.

    The other arguments are for charts, tables and images: they are accepted for scripts written for
    W&B, without effect.

    Raises:
        NoRunError: there is no current run.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        verbose: int = 0,
        mode: Literal["auto", "min", "max"] = "auto",
        save_weights_only: bool = False,
        log_weights: bool = False,
        log_gradients: bool = False,
        save_model: bool = True,
        training_data: Any = None,
        validation_data: Any = None,
        labels: Any = None,
        predictions: int = 36,
        generator: Any = None,
        input_type: str | None = None,
        output_type: str | None = None,
        log_evaluation: bool = False,
        validation_steps: int | None = None,
        class_colors: Any = None,
        log_batch_frequency: int | None = None,
        log_best_prefix: str | None = "best_",
        save_graph: bool = True,
        validation_indexes: Any = None,
        validation_row_processor: Any = None,
        prediction_row_processor: Any = None,
        infer_missing_processors: bool = True,
        log_evaluation_frequency: int = 0,
        compute_flops: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        charts = {
            "log_weights": log_weights,
            "log_gradients": log_gradients,
            "log_evaluation": log_evaluation,
            "compute_flops": compute_flops,
        }
        for name in (name for name, is_wanted in charts.items() if is_wanted):
            note_left_out(f"what WandbCallback({name}=True) would log")
        self.monitor = monitor
        self.verbose = verbose
        self.save_weights_only = save_weights_only
        self.save_model = save_model
        self.log_batch_frequency = log_batch_frequency
        self.log_best_prefix = log_best_prefix
        is_higher = mode == "max" or (
            mode != "min" and ("acc" in monitor or monitor.startswith("fmeasure"))
        )
        self._is_better = operator.gt if is_higher else operator.lt
        self.best = float("-inf") if is_higher else float("inf")
        summary = run_for("WandbCallback()").summary
        if log_best_prefix is not None:
            # The best value so far, if the run continues an earlier training.
            self.best = summary.get(f"{log_best_prefix}{monitor}", self.best)
        # Without batches to log, Keras can skip the hook below.
        self.async_safe = log_batch_frequency is None

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log a batch if it is due."""
        if self.log_batch_frequency and batch % self.log_batch_frequency == 0:
            wanllmdb.log(dict(logs or {}))

    on_batch_end = on_train_batch_end

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Log an epoch, and record the best value."""
        logs = logs or {}
        wanllmdb.log({"epoch": epoch, **logs})
        value = logs.get(self.monitor)
        if value is None or not self._is_better(value, self.best):
            return
        if self.verbose:
            print(f"epoch {epoch}: {self.monitor} improved from {self.best:.5f} to {value:.5f}")
        self.best = value
        if self.log_best_prefix is not None:
            summary = run_for("WandbCallback()").summary
            summary[f"{self.log_best_prefix}{self.monitor}"] = value
            summary[f"{self.log_best_prefix}epoch"] = epoch
        if self.save_model:
            self._save()

    def _save(self) -> None:
        name = "model-best.weights.h5" if self.save_weights_only else "model-best.h5"
        save = self.model.save_weights if self.save_weights_only else self.model.save
        try:
            save(own_file(name))
        except Exception as error:
            # Keras can't save some models; training them is still worthwhile.
            note(f"WandbCallback could not save the model: {type(error).__name__}: {error}")
            self.save_model = False
