"""Runs as text, CSV or JSON lines, and such text as results of elsewhere."""
