"""Benchmarks: each prints a table; none of them passes or fails."""
