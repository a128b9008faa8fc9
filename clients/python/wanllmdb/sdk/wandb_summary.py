"""The class of a run's summary, under W&B's module path."""

from wanllmdb._agent.summary import Summary

__all__ = ["Summary"]
