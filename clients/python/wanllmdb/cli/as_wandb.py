"""Programs that import `wandb` itself: where they find wanllmdb under that name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import wanllmdb

FOLDER = Path(wanllmdb.__file__).parent / "_as_wandb"
"""Holds the package `wandb` that stands for wanllmdb, and the metadata of a distribution."""

_PATH = "PYTHONPATH"


def variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What makes a Python program with this environment find wanllmdb as `wandb`."""
    others = [part for part in environment.get(_PATH, "").split(os.pathsep) if part]
    return {_PATH: os.pathsep.join([str(FOLDER), *(p for p in others if p != str(FOLDER))])}
