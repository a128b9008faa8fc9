"""W&B's class of a run that reports nothing, the error of its config, and its ids."""

from wanllmdb.sdk.lib import config_util, disabled, runid
from wanllmdb.sdk.lib.disabled import RunDisabled

__all__ = ["RunDisabled", "config_util", "disabled", "runid"]
