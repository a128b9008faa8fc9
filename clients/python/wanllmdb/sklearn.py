"""`wanllmdb.integration.sklearn`, by W&B's shorter path."""

from wanllmdb.integration.sklearn import *  # noqa: F403
