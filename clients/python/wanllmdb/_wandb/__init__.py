"""W&B's names without a counterpart on the platform: what they do here, and their code.

`names` declares every name; the other modules are loaded when a program uses a name.
"""
