"""Faults under traffic, and a checker of the resulting histories; see docs/robustness.md."""
