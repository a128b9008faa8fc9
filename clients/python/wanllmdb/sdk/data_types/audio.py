"""W&B's `Audio`, under its module path in W&B."""

from wanllmdb._wandb.media import Audio

__all__ = ["Audio"]
