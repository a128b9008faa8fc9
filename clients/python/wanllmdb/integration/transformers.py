"""A callback for the Trainer of Hugging Face's transformers: `callbacks=[WandbCallback()]`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback

import wanllmdb
from wanllmdb.integration._run import note_left_out, run_for
from wanllmdb.sdk.wandb_run import Run

__all__ = ["WandbCallback"]

_OF_THE_WHOLE_RUN = frozenset(
    {
        *("train_runtime", "train_samples_per_second", "train_steps_per_second"),
        *("train_loss", "total_flos"),
    }
)


class WandbCallback(TrainerCallback):
    """Logs what the Trainer logs, as `train/loss` and `eval/loss`, and `train/global_step`.

    Measurements of the whole training, such as `train_loss`, become part of the summary; the
    training arguments and the model's config become part of the config. Only the process of rank 0
    logs.
    """

    def __init__(self) -> None:
        self._run: Run | None = None

    def setup(self, args: Any, state: Any, model: Any, **kwargs: Any) -> None:
        """Fill the config of the current run, else of a new one, once per run."""
        del kwargs
        run = wanllmdb.run
        if not state.is_world_process_zero or (run is not None and run is self._run):
            return
        if run is None:
            described: dict[str, Any] = {"name": args.run_name}
            if state.trial_name is not None:
                described = {"name": state.trial_name, "group": args.run_name or args.output_dir}
            project = os.environ.get("WANDB_PROJECT", "huggingface")
            run = wanllmdb.init(project=project, **described)
        self._run = run
        own: Any = getattr(model, "config", None) or {}
        if hasattr(own, "to_dict"):
            own = own.to_dict()
        run.config.update({**own, **args.to_dict()}, allow_val_change=True)
        if hasattr(model, "num_parameters"):
            run.config["model/num_parameters"] = model.num_parameters()
        run.define_metric("train/global_step")
        run.define_metric("*", step_metric="train/global_step", step_sync=True)
        if os.environ.get("WANDB_LOG_MODEL", "false").lower() not in ("", "false", "0"):
            note_left_out("the upload of models", "they stay where the Trainer saves them")

    def on_train_begin(
        self, args: Any, state: Any, control: Any, model: Any = None, **kwargs: Any
    ) -> None:
        """Prepare the run."""
        del control
        self.setup(args, state, model, **kwargs)

    def on_log(
        self,
        args: Any,
        state: Any,
        control: Any,
        model: Any = None,
        logs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Log a step."""
        del control
        self.setup(args, state, model, **kwargs)
        if not state.is_world_process_zero:
            return
        summary = run_for("WandbCallback").summary
        values: dict[str, Any] = {"train/global_step": state.global_step}
        for name, value in (logs or {}).items():
            if name in _OF_THE_WHOLE_RUN:
                summary[name] = value
            else:
                values[_with_phase(name)] = value
        wanllmdb.log(values)

    def on_predict(
        self, args: Any, state: Any, control: Any, metrics: Mapping[str, Any], **kwargs: Any
    ) -> None:
        """Log the metrics of a prediction."""
        del control
        self.setup(args, state, kwargs.pop("model", None), **kwargs)
        if state.is_world_process_zero:
            wanllmdb.log({_with_phase(name): value for name, value in metrics.items()})


def _with_phase(name: str) -> str:
    for phase in ("eval", "test"):
        if name.startswith(f"{phase}_"):
            return f"{phase}/{name.removeprefix(f'{phase}_')}"
    return f"train/{name}"
