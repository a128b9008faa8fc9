"""W&B's `WBTraceTree`, by the path of its module."""

from wanllmdb._wandb.media import WBTraceTree

__all__ = ["WBTraceTree"]
