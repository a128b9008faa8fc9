"""When runs that an agent takes up again are next tested by early termination."""

from __future__ import annotations

from collections.abc import Sequence

from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_suggestion.algorithms import require_pruner
from wanllmdb_suggestion.optimizer.model import SweepModel


def next_check_of(model: SweepModel, runs: Sequence[run_pb2.Run]) -> int | None:
    """Return how many finite values the first of the runs to be tested has at its next test.

    None if no test of these runs is due any more, or the sweep stops no runs. A run that early
    termination stops already is due at its next value.
    """
    rule = model.stop_rule
    if rule is None:
        return None
    try:
        require_pruner(model.spec)
    except FailedPreconditionError:
        # ShouldStop reports the missing package.
        return rule.first_count
    due = []
    for run in runs:
        decision = rule.decide(run.number)
        if decision.should_stop:
            due.append(run.metric_values)
        elif decision.next_count is not None:
            due.append(decision.next_count)
    return min(due, default=None)
