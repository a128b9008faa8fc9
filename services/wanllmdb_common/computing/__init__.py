"""Computations on threads: fair scheduling, time limits and cancellation."""
