"""Samplers, pruners, terminators and importance evaluators: their names, options and capabilities."""
