"""The logger for Lightning's Trainer and for Fabric."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import wanllmdb
from wanllmdb.integration._run import note_left_out
from wanllmdb.sdk.wandb_run import Run

# One framework has two package names. Mixing them works, but loads every module twice.
if TYPE_CHECKING or "pytorch_lightning" not in sys.modules:
    from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
    from lightning.pytorch.utilities import rank_zero_only
else:
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only

__all__ = ["WandbLogger"]


class WandbLogger(Logger):
    """Logs what a LightningModule logs, under the module's names, and `trainer/global_step`.

    Only the process of rank 0 logs: to the current run, else to the run that `wandb.init()`
    returns.

    Args:
        name: the run's name.
        save_dir: the folder for Lightning's checkpoints.
        version: accepted for scripts written for W&B, like `id`: the sweep names its runs.
        offline: the same as `wandb.init(mode="offline")`.
        dir: the same as `save_dir`.
        project: accepted for scripts written for W&B; the sweep's project is used.
        log_model: accepted for scripts written for W&B; Lightning keeps the checkpoints.
        experiment: the run to log to.
        prefix: a prefix of each name, followed by a hyphen.
        kwargs: further arguments of `wandb.init`.
    """

    LOGGER_JOIN_CHAR = "-"

    def __init__(
        self,
        name: str | None = None,
        save_dir: str | os.PathLike[str] | None = ".",
        version: str | None = None,
        offline: bool = False,
        dir: str | os.PathLike[str] | None = None,
        id: str | None = None,
        anonymous: bool | None = None,
        project: str | None = None,
        log_model: Literal["all"] | bool = False,
        experiment: Run | None = None,
        prefix: str = "",
        checkpoint_name: str | None = None,
        add_file_policy: Literal["mutable", "immutable"] = "mutable",
        **kwargs: Any,
    ) -> None:
        super().__init__()
        del anonymous, checkpoint_name, add_file_policy
        folder = dir if save_dir is None else save_dir
        self._save_dir = None if folder is None else os.fspath(folder)
        self._id = version or id
        self._project = project or os.environ.get("WANDB_PROJECT", "lightning_logs")
        self._prefix = prefix
        self._experiment = experiment
        self._is_given = experiment is not None
        self._init = {"name": name, "project": self._project, "dir": self._save_dir, **kwargs}
        if offline:
            self._init["mode"] = "offline"
        if log_model:
            note_left_out(
                "the upload of Lightning's checkpoints", "they stay where Lightning saves them"
            )

    def __getstate__(self) -> dict[str, Any]:
        # A run belongs to its process; another process finds its own run.
        return {**self.__dict__, "_experiment": None}

    @property
    @rank_zero_experiment
    def experiment(self) -> Run:
        """The run; on ranks other than 0, an object that does nothing."""
        if self._experiment is None or not (self._is_given or self._experiment is wanllmdb.run):
            # If there is a run, `init` returns it. In a program that trains many times, a logger
            # may outlive its run.
            self._experiment = wanllmdb.init(**self._init)
            self._experiment.define_metric("trainer/global_step")
            self._experiment.define_metric("*", step_metric="trainer/global_step", step_sync=True)
        return self._experiment

    @property
    def name(self) -> str | None:
        """The project; Lightning names a folder of checkpoints after it."""
        return self._project

    @property
    def version(self) -> str | None:
        """The run's id; Lightning names a folder of checkpoints after it."""
        return self._id if self._experiment is None else self._experiment.id

    @property
    def save_dir(self) -> str | None:
        """The folder for checkpoints."""
        return self._save_dir

    @rank_zero_only
    def log_hyperparams(self, params: Mapping[str, Any] | Namespace) -> None:
        """Add hyperparameters to the config."""
        values = vars(params) if isinstance(params, Namespace) else params
        self.experiment.config.update(values, allow_val_change=True)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log metrics, with Lightning's step as `trainer/global_step`."""
        prefix = f"{self._prefix}{self.LOGGER_JOIN_CHAR}" if self._prefix else ""
        values = {f"{prefix}{name}": value for name, value in metrics.items()}
        if step is not None:
            values["trainer/global_step"] = step
        self.experiment.log(values)

    def watch(
        self, model: Any, log: str | None = "gradients", log_freq: int = 100, log_graph: bool = True
    ) -> None:
        """Print a note that gradients are not kept; do nothing else."""
        del model, log, log_freq, log_graph
        note_left_out("what WandbLogger.watch would log")

    def log_table(self, key: str, *args: Any, **kwargs: Any) -> None:
        """Print a note that tables are not kept; do nothing else."""
        del args, kwargs
        note_left_out(f"the table, text or media {key!r}")

    log_text = log_image = log_audio = log_video = log_table
