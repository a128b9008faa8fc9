"""Samplers, pruners, terminators and importance evaluators: names, options, what each can do."""
