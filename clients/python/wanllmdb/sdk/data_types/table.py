"""W&B's `JoinedTable`, `PartitionedTable` and `Table`, by the path of their module."""

from wanllmdb._wandb.table import JoinedTable, PartitionedTable, Table

__all__ = ["JoinedTable", "PartitionedTable", "Table"]
