"""W&B's `Plotly`, under its module path in W&B."""

from wanllmdb._wandb.media import Plotly

__all__ = ["Plotly"]
