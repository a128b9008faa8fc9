"""W&B's artifacts, by the path of their package."""

from wanllmdb.sdk.artifacts import artifact

__all__ = ["artifact"]
