"""The import paths of W&B's public API: `wandb.apis.public`."""

from wanllmdb.apis import public
from wanllmdb.apis.public import Api

__all__ = ["Api", "public"]
