"""Whether a run is stopped, in words."""

from __future__ import annotations

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.errors import NotFoundError
from wanllmdb_suggestion.study.hyperband import Decision
from wanllmdb_suggestion.study.model import SweepModel
from wanllmdb_suggestion.study.records import RunState


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
    if model.bands is None:
        return pb.ShouldStopResponse(reason="the sweep has no early termination")
    if run.state is not RunState.RUNNING:
        return pb.ShouldStopResponse(
            reason=f"run {number} is {run.state}: only running runs are stopped"
        )
    decision = model.bands.decide(number)
    return pb.ShouldStopResponse(
        should_stop=decision.should_stop,
        reason=_reason(model, number, decision),
        rung=decision.band,
        threshold=decision.threshold,
        value=decision.value,
        compared_runs=decision.compared,
        next_check_iteration=decision.next_count,
    )


def _reason(model: SweepModel, number: int, decision: Decision) -> str:
    if decision.band is None:
        return (
            f"run {number} is not at the first band yet: that takes {decision.next_count} finite "
            f"values of '{model.spec.metric}'"
        )
    rule = model.spec.hyperband
    assert rule is not None
    which = "" if rule.strict else "best "
    runs = "1 run" if decision.compared == 1 else f"{decision.compared} runs"
    values = (
        f"at iteration {decision.band} its {which}'{model.spec.metric}' is {decision.value:g}, "
        f"and {decision.threshold:g} is needed to be among the best 1/{rule.eta:g} of the {runs} "
        "that got there"
    )
    if decision.should_stop:
        return f"run {number} stops: {values}"
    return f"run {number} goes on: {values}"
