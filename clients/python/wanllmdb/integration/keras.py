"""Callbacks for Keras with any backend: `model.fit(..., callbacks=[WandbMetricsLogger()])`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np
from keras.callbacks import Callback, ModelCheckpoint

import wanllmdb
from wanllmdb._notes import note
from wanllmdb.integration._keras_best import WandbCallback
from wanllmdb.integration._run import note_left_out, run_for

__all__ = ["WandbCallback", "WandbEvalCallback", "WandbMetricsLogger", "WandbModelCheckpoint"]

Logs = Mapping[str, Any] | None


class WandbMetricsLogger(Callback):
    """Logs Keras's metrics and the learning rate.

    Each epoch becomes a step with names such as `epoch/loss`, `epoch/val_accuracy`,
    `epoch/learning_rate` and `epoch/epoch`; batches, where they are logged, have `batch/loss`,
    `batch/learning_rate` and `batch/batch_step`.

    Args:
        log_freq: "epoch"; "batch" or a number of batches also logs between epochs.
        initial_global_step: accepted for scripts written for W&B: the optimizer knows its rate.

    Raises:
        NoRunError: there is no current run.
    """

    def __init__(
        self,
        log_freq: Literal["epoch", "batch"] | int = "epoch",
        initial_global_step: int = 0,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        run = run_for("WandbMetricsLogger()")
        del initial_global_step
        self._every = 1 if log_freq == "batch" else None if log_freq == "epoch" else int(log_freq)
        self._batch_step = 0
        kind, axis = ("epoch", "epoch") if self._every is None else ("batch", "batch_step")
        run.define_metric(f"{kind}/{axis}")
        run.define_metric(f"{kind}/*", step_metric=f"{kind}/{axis}")
        # Without batches to log, Keras can skip the hook below.
        self.async_safe = self._every is None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Log a batch if it is due."""
        if self._every is None or batch % self._every:
            return
        self._log("batch", {**(logs or {}), "batch_step": self._batch_step})
        self._batch_step += self._every

    on_batch_end = on_train_batch_end

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Log an epoch."""
        self._log("epoch", {**(logs or {}), "epoch": epoch})

    def _log(self, kind: str, values: Mapping[str, Any]) -> None:
        values = {f"{kind}/{name}": value for name, value in values.items()}
        rate = _learning_rate(getattr(self.model, "optimizer", None))
        wanllmdb.log(values if rate is None else {**values, f"{kind}/learning_rate": rate})


class WandbModelCheckpoint(ModelCheckpoint):
    """Keras's ModelCheckpoint with W&B's defaults; the files stay where they are saved.

    Args:
        filepath: the file's path, with Keras's placeholders such as `{epoch:02d}`.
        monitor: the metric by which `save_best_only` selects.

    The other arguments are those of Keras's class.

    Raises:
        NoRunError: there is no current run.
    """

    def __init__(
        self,
        filepath: str | PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: Literal["auto", "min", "max"] = "auto",
        save_freq: Literal["epoch"] | int = "epoch",
        initial_value_threshold: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filepath=filepath,
            monitor=monitor,
            verbose=verbose,
            save_best_only=save_best_only,
            save_weights_only=save_weights_only,
            mode=mode,
            save_freq=save_freq,
            initial_value_threshold=initial_value_threshold,
            **kwargs,
        )
        run_for("WandbModelCheckpoint()")
        note_left_out(
            "the upload of WandbModelCheckpoint's files", "they stay where they are saved"
        )


class WandbEvalCallback(Callback):
    """The base of callbacks that show predictions in tables.

    A subclass fills `self.data_table` in `add_ground_truth` and `self.pred_table` in
    `add_model_predictions`. Its code can read the tables, but the platform does not keep them.

    Args:
        data_table_columns: the columns of the data.
        pred_table_columns: the columns of the predictions.

    Raises:
        NoRunError: there is no current run.
    """

    def __init__(
        self,
        data_table_columns: Sequence[str],
        pred_table_columns: Sequence[str],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        run_for(f"{type(self).__name__}()")
        self.data_table_columns = list(data_table_columns)
        self.pred_table_columns = list(pred_table_columns)

    def on_train_begin(self, logs: Logs = None) -> None:
        """Collect the data."""
        self.init_data_table(self.data_table_columns)
        self.add_ground_truth(logs)
        self.log_data_table()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Collect the predictions."""
        self.init_pred_table(self.pred_table_columns)
        self.add_model_predictions(epoch, logs)
        self.log_pred_table()

    def add_ground_truth(self, logs: Logs = None) -> None:
        """Add rows to `self.data_table`; subclasses implement this method."""
        raise NotImplementedError(f"{type(self).__name__}.add_ground_truth")

    def add_model_predictions(self, epoch: int, logs: Logs = None) -> None:
        """Add rows to `self.pred_table`; subclasses implement this method."""
        raise NotImplementedError(f"{type(self).__name__}.add_model_predictions")

    def init_data_table(self, column_names: Sequence[str]) -> None:
        """Create an empty `data_table`."""
        self.data_table = wanllmdb.Table(columns=list(column_names), allow_mixed_types=True)

    def init_pred_table(self, column_names: Sequence[str]) -> None:
        """Create an empty `pred_table`."""
        self.pred_table = wanllmdb.Table(columns=list(column_names))

    def log_data_table(
        self, name: str = "val", type: str = "dataset", table_name: str = "val_data"
    ) -> None:
        """Make the data's table the one that predictions refer to."""
        del name, type, table_name
        self.data_table_ref = self.data_table

    def log_pred_table(
        self,
        type: str = "evaluation",
        table_name: str = "eval_data",
        aliases: Sequence[str] | None = None,
    ) -> None:
        """Print a note that tables are not kept."""
        del type, table_name, aliases
        note_left_out("what WandbEvalCallback puts into tables")


def _learning_rate(optimizer: Any) -> float | None:
    """The current learning rate; None, with a note, if it can't be read."""
    try:
        rate = optimizer.learning_rate
        if callable(rate):
            # Keras 2 returns the schedule itself.
            rate = rate(optimizer.iterations)
        return float(np.asarray(rate))
    except Exception as error:
        # A model may have no optimizer, or a custom one.
        note(f"WandbMetricsLogger can't read the learning rate: {type(error).__name__}: {error}")
        return None
