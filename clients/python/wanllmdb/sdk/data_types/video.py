"""W&B's `Video`, by the path of its module."""

from wanllmdb._wandb.media import Video

__all__ = ["Video"]
