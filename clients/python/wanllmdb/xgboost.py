"""`wanllmdb.integration.xgboost` under W&B's shorter path."""

from wanllmdb.integration.xgboost import *  # noqa: F403
