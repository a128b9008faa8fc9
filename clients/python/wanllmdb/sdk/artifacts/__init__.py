"""W&B's artifacts, under their package path in W&B."""

from wanllmdb.sdk.artifacts import artifact

__all__ = ["artifact"]
