"""Hydra's plugin `hydra/sweeper: wanllmdb`: the jobs of a multirun are the runs of a sweep."""
