"""W&B's class of an artifact, under its module path in W&B."""

from wanllmdb._wandb.artifact import Artifact

__all__ = ["Artifact"]
