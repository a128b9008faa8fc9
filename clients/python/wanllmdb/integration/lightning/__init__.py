"""A logger for Lightning: `Trainer(logger=WandbLogger())`."""

from wanllmdb.integration.lightning.logger import WandbLogger

__all__ = ["WandbLogger"]
