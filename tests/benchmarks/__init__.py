"""Benchmarks: each prints a table, and none passes or fails."""
