"""Ids as W&B makes them, by the path of their module."""

from wanllmdb.util import generate_id

__all__ = ["generate_id"]
