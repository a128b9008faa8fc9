"""The import paths of W&B's public API: `wandb.apis.public`."""

from wanllmdb.apis import public
from wanllmdb.apis.public import Api

PublicApi = Api
"""W&B's other name of it."""

__all__ = ["Api", "PublicApi", "public"]
