"""W&B's `WBTraceTree`, under its module path in W&B."""

from wanllmdb._wandb.media import WBTraceTree

__all__ = ["WBTraceTree"]
