"""The class of what `init` returns."""

from wanllmdb._agent.base_run import BaseRun as Run

__all__ = ["Run"]
