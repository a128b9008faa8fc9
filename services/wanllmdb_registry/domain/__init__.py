"""Sweeps and runs: the rules that they follow, without gRPC and SQL."""
