"""W&B's `Html`, by the path of its module."""

from wanllmdb._wandb.media import Html

__all__ = ["Html"]
