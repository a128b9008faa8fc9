"""W&B's `BoundingBoxes2D`, `Image` and `ImageMask`, by the path of their module."""

from wanllmdb._wandb.media import BoundingBoxes2D, Image, ImageMask

__all__ = ["BoundingBoxes2D", "Image", "ImageMask"]
