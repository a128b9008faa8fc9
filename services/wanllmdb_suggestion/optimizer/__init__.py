"""Models of sweeps: samplers, pruners, terminators, importance and statistics.

This package knows neither gRPC nor SQL.
"""
