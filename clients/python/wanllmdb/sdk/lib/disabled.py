"""W&B's class of a run that reports nothing, by its module's path."""

from wanllmdb._agent.local_run import LocalRun as RunDisabled

__all__ = ["RunDisabled"]
