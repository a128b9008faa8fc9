"""W&B's class of an artifact, by the path of its module."""

from wanllmdb._wandb.artifact import Artifact

__all__ = ["Artifact"]
