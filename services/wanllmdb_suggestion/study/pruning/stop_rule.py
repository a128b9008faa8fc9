"""The rule of a sweep, by its spec."""

from __future__ import annotations

from wanllmdb_suggestion.study.pruning.band_table import BandTable
from wanllmdb_suggestion.study.pruning.decision import StopRule
from wanllmdb_suggestion.study.records import StudySpec


def make_stop_rule(spec: StudySpec) -> StopRule | None:
    """The sweep's rule of early termination; None for none, and without exactly one metric."""
    if spec.metric is None:
        return None
    if spec.hyperband is not None:
        return BandTable(spec.hyperband, spec.metric, minimize=spec.minimize)
    return None
