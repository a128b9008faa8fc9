"""`wanllmdb.integration.keras` under W&B's shorter path."""

from wanllmdb.integration.keras import *  # noqa: F403
