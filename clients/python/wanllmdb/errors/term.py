"""W&B's lines on the terminal, by the path of their module."""

from wanllmdb._wandb.session import termerror, termlog, termsetup, termwarn

__all__ = ["termerror", "termlog", "termsetup", "termwarn"]
