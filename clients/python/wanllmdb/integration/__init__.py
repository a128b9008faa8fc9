"""Callbacks and loggers for training frameworks, with the names of W&B's.

Each module imports its framework, and nothing here imports a module: a program gets what it
asks for. All report by `wanllmdb.log`, so a run that is to stop ends within them by RunStopped,
which none of the frameworks catches.
"""
