"""W&B's `JoinedTable`, `PartitionedTable` and `Table`, under their module path in W&B."""

from wanllmdb._wandb.table import JoinedTable, PartitionedTable, Table

__all__ = ["JoinedTable", "PartitionedTable", "Table"]
