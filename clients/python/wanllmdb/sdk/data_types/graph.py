"""W&B's `Graph` and `Node`, under their module path in W&B."""

from wanllmdb._wandb.media import Graph, Node

__all__ = ["Graph", "Node"]
