"""API keys: what one is, whose it is, and for how long it is good."""
