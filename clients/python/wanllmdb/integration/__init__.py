"""Callbacks and loggers for training frameworks, with the names of W&B's.

Each module imports its framework; this package imports none of the modules, so that a program
loads only what it uses. All report with `wanllmdb.log`, so a run that must stop raises RunStopped,
which none of the frameworks catches.
"""
