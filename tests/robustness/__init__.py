"""Faults under traffic, and a checker of what came of it; see docs/robustness.md."""
