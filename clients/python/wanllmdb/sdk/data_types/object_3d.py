"""W&B's `Object3D` and `box3d`, under their module path in W&B."""

from wanllmdb._wandb.media import Object3D, box3d

__all__ = ["Object3D", "box3d"]
