"""Computations on threads and in batches: fair scheduling, time limits and cancellation."""
