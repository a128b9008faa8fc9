"""The class of settings."""

from wanllmdb import Settings

__all__ = ["Settings"]
