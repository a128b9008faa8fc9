"""The error that W&B raises for a config that can't be changed; here it never occurs."""

from wanllmdb import InvalidArgumentError as ConfigError

__all__ = ["ConfigError"]
