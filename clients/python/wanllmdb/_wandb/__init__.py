"""W&B's names that the platform has no use for: what they do here, and the code that does it.

`names` declares each of them; the rest is loaded when a program uses a name.
"""
