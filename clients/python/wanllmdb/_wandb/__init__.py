"""W&B's names without a counterpart on the platform, and their effects here.

`names` declares every name; the other modules are loaded when a program uses a name.
"""
