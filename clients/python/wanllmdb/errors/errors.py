"""W&B's exceptions, by the path of the module that defines them."""

from wanllmdb.errors import AuthenticationError, CommError, Error, UnsupportedError, UsageError

__all__ = ["AuthenticationError", "CommError", "Error", "UnsupportedError", "UsageError"]
