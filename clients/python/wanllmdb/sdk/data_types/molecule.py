"""W&B's `Molecule`, under its module path in W&B."""

from wanllmdb._wandb.media import Molecule

__all__ = ["Molecule"]
