"""W&B's `Histogram`, under its module path in W&B."""

from wanllmdb._wandb.media import Histogram

__all__ = ["Histogram"]
