"""API keys: what a key is, whose it is, and how long it is valid."""
