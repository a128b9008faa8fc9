"""W&B's `Video`, under its module path in W&B."""

from wanllmdb._wandb.media import Video

__all__ = ["Video"]
