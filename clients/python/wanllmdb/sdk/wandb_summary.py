"""The class of a run's summary."""

from wanllmdb._agent.summary import Summary

__all__ = ["Summary"]
