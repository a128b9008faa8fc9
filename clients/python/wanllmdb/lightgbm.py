"""`wanllmdb.integration.lightgbm`, by W&B's shorter path."""

from wanllmdb.integration.lightgbm import *  # noqa: F403
