"""W&B's `Plotly`, by the path of its module."""

from wanllmdb._wandb.media import Plotly

__all__ = ["Plotly"]
