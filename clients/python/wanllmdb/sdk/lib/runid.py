"""Ids as W&B makes them, under their module path in W&B."""

from wanllmdb.util import generate_id

__all__ = ["generate_id"]
