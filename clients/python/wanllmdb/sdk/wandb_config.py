"""The class of a run's config, under W&B's module path."""

from wanllmdb._agent.config import Config

__all__ = ["Config"]
