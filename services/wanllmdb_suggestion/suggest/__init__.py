"""Suggest: a queue and a batcher for each sweep, and the cache of sweep sessions."""
