"""The error that W&B raises of a config that can't be changed; here it always can."""

from wanllmdb import InvalidArgumentError as ConfigError

__all__ = ["ConfigError"]
