"""Sweep configs in the W&B form: read, checked, written."""
