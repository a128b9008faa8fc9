"""W&B's `Object3D` and `box3d`, by the path of their module."""

from wanllmdb._wandb.media import Object3D, box3d

__all__ = ["Object3D", "box3d"]
