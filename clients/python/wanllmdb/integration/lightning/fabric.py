"""The same logger for Fabric, under W&B's path: `Fabric(loggers=[WandbLogger()])`."""

from wanllmdb.integration.lightning.logger import WandbLogger

__all__ = ["WandbLogger"]
