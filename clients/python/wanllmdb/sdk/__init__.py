"""W&B's long paths to what wanllmdb has, for programs that import or annotate by them."""

from wanllmdb.sdk import lib, wandb_config, wandb_run, wandb_settings, wandb_summary

__all__ = ["lib", "wandb_config", "wandb_run", "wandb_settings", "wandb_summary"]
