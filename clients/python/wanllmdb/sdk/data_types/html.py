"""W&B's `Html`, under its module path in W&B."""

from wanllmdb._wandb.media import Html

__all__ = ["Html"]
