"""W&B's class of a run that reports nothing, which frameworks ask for, and its config's error."""

from wanllmdb.sdk.lib import config_util, disabled
from wanllmdb.sdk.lib.disabled import RunDisabled

__all__ = ["RunDisabled", "config_util", "disabled"]
