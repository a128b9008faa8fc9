"""W&B's `BoundingBoxes2D`, `Image` and `ImageMask`, under their module path in W&B."""

from wanllmdb._wandb.media import BoundingBoxes2D, Image, ImageMask

__all__ = ["BoundingBoxes2D", "Image", "ImageMask"]
