"""The pruners: early termination by name."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription

PRUNERS: tuple[AlgorithmDescription, ...] = ()
