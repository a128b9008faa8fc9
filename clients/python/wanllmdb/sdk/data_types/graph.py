"""W&B's `Graph` and `Node`, by the path of their module."""

from wanllmdb._wandb.media import Graph, Node

__all__ = ["Graph", "Node"]
