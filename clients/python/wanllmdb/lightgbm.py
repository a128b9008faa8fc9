"""`wanllmdb.integration.lightgbm` under W&B's shorter path."""

from wanllmdb.integration.lightgbm import *  # noqa: F403
