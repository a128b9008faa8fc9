"""Finished runs as columns, and the mathematics of every plot."""
