"""W&B's `Audio`, by the path of its module."""

from wanllmdb._wandb.media import Audio

__all__ = ["Audio"]
