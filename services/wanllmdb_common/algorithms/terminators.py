"""The terminators."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription

TERMINATORS: tuple[AlgorithmDescription, ...] = ()
