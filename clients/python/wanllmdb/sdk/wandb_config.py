"""The class of a run's config."""

from wanllmdb._agent.config import Config

__all__ = ["Config"]
