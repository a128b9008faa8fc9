"""W&B's `Bokeh`, under its module path in W&B."""

from wanllmdb._wandb.media import Bokeh

__all__ = ["Bokeh"]
