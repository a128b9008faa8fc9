"""Whether a run is stopped, in words."""

from __future__ import annotations

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.errors import NotFoundError
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.types import RunState


def should_stop(model: SweepModel, sweep_id: str, number: int) -> pb.ShouldStopResponse:
    """The decision for a run.

    Raises:
        NotFoundError: RUN_NOT_FOUND.
    """
    run = model.runs.get(number)
    if run is None:
        raise NotFoundError(
            "RUN_NOT_FOUND",
            f"sweep '{sweep_id}' has no run {number}",
            sweep_id=sweep_id,
            number=number,
        )
    if model.stop_rule is None:
        return pb.ShouldStopResponse(reason="the sweep has no early termination")
    if run.state is not RunState.RUNNING:
        return pb.ShouldStopResponse(
            reason=f"run {number} is {run.state}: only running runs are stopped"
        )
    decision = model.stop_rule.decide(number)
    return pb.ShouldStopResponse(
        should_stop=decision.should_stop,
        reason=f"run {number} {'stops' if decision.should_stop else 'goes on'}: {decision.why}",
        rung=decision.step,
        threshold=decision.threshold,
        value=decision.value,
        compared_runs=decision.compared,
        next_check_iteration=decision.next_count,
    )
