"""W&B's helpers: the run that reports nothing, the error of its config, and ids."""

from wanllmdb.sdk.lib import config_util, disabled, runid
from wanllmdb.sdk.lib.disabled import RunDisabled

__all__ = ["RunDisabled", "config_util", "disabled", "runid"]
