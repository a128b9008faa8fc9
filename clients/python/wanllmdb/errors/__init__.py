"""W&B's exceptions, which are the bases of the client's own: see `wanllmdb._errors`."""

from wanllmdb._errors import (
    AuthenticationError,
    CommError,
    UnsupportedError,
    UsageError,
    WanllmdbError,
)

Error = WanllmdbError
"""The base class of all errors of the client."""

__all__ = ["AuthenticationError", "CommError", "Error", "UnsupportedError", "UsageError"]
