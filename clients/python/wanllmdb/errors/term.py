"""W&B's functions that print to the terminal, under their module path in W&B."""

from wanllmdb._wandb.session import termerror, termlog, termsetup, termwarn

__all__ = ["termerror", "termlog", "termsetup", "termwarn"]
