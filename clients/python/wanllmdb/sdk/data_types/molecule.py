"""W&B's `Molecule`, by the path of its module."""

from wanllmdb._wandb.media import Molecule

__all__ = ["Molecule"]
