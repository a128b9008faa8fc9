"""The importance evaluators."""

from __future__ import annotations

from wanllmdb_common.algorithms.description import AlgorithmDescription

IMPORTANCE_EVALUATORS: tuple[AlgorithmDescription, ...] = ()
