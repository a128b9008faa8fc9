"""W&B's class of a run that reports nothing, which frameworks ask for, and its config's error."""

from wanllmdb.sdk.lib import config_util
from wanllmdb.sdk.wandb_run import Run as RunDisabled

__all__ = ["RunDisabled", "config_util"]
