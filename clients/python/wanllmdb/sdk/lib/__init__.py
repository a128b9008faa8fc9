"""W&B's classes of runs that report nothing, and its errors of a config."""

from wanllmdb._agent.active_run import ActiveRun as RunDisabled
from wanllmdb.sdk.lib import config_util

__all__ = ["RunDisabled", "config_util"]
