"""W&B's `Histogram`, by the path of its module."""

from wanllmdb._wandb.media import Histogram

__all__ = ["Histogram"]
