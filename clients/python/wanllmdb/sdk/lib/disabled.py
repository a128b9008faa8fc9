"""W&B's class of a run that reports nothing, under its module path in W&B."""

from wanllmdb._agent.local_run import LocalRun as RunDisabled

__all__ = ["RunDisabled"]
