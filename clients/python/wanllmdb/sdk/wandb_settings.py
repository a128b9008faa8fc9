"""The class of settings, under W&B's module path."""

from wanllmdb import Settings

__all__ = ["Settings"]
