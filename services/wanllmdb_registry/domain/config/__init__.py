"""Sweep configs in the W&B form: parsed, validated, exported."""
