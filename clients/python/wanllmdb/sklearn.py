"""`wanllmdb.integration.sklearn` under W&B's shorter path."""

from wanllmdb.integration.sklearn import *  # noqa: F403
