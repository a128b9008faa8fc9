"""W&B's long import paths, for programs that import or annotate by them."""

from wanllmdb.sdk import (
    artifacts,
    data_types,
    lib,
    wandb_config,
    wandb_run,
    wandb_settings,
    wandb_summary,
)

__all__ = [
    "artifacts",
    "data_types",
    "lib",
    "wandb_config",
    "wandb_run",
    "wandb_settings",
    "wandb_summary",
]
