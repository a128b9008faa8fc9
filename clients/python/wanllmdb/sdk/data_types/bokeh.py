"""W&B's `Bokeh`, by the path of its module."""

from wanllmdb._wandb.media import Bokeh

__all__ = ["Bokeh"]
