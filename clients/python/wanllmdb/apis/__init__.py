"""The import paths of W&B's public API: `wandb.apis.public`."""

from wanllmdb.apis import public

__all__ = ["public"]
