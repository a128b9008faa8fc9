"""Samplers, pruners, terminators and importance evaluators, with options and capabilities."""
