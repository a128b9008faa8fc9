"""The class of what `init` returns."""

from wanllmdb._agent.active_run import ActiveRun as Run

__all__ = ["Run"]
