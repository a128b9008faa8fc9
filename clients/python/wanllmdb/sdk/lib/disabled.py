"""W&B's class of a run that reports nothing, by its module's path."""

from wanllmdb.sdk.wandb_run import Run as RunDisabled

__all__ = ["RunDisabled"]
