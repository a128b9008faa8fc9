"""Runs as CSV or JSON lines: export, and import of such text as prior runs."""
