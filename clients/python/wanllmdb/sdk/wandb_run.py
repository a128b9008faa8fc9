"""The class of the object that `init` returns, under W&B's module path."""

from wanllmdb._agent.base_run import BaseRun as Run

__all__ = ["Run"]
