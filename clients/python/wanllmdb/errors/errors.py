"""W&B's exceptions, under the module path that defines them in W&B."""

from wanllmdb.errors import AuthenticationError, CommError, Error, UnsupportedError, UsageError

__all__ = ["AuthenticationError", "CommError", "Error", "UnsupportedError", "UsageError"]
