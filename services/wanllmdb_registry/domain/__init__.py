"""Sweeps and runs: their rules, free of gRPC and SQL."""
