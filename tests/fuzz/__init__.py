"""Fuzzing of every RPC with unusual requests; see `python -m tests.fuzz --help`."""
