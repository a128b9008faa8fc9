"""The suggestion service's answers about runs: suggestions, stop decisions and the best runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from wanllmdb._types.enums import ExhaustedReason, optional_enum_from_proto
from wanllmdb._types.runs import Run, run_from_proto
from wanllmdb._types.values import optional_field
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Runs to work on.

    `exhausted` is the reason if there are fewer runs than requested. Call `should_stop` once a
    run has reported `next_check_iteration` finite values of the metric; None if the sweep stops
    no runs early. `message` is the reason why a terminator ended the sweep. `resumed` is whether
    the agent held these runs before. If there are no runs, `running_runs` is the number of runs
    that agents still work on; each of them may be lost and assigned again. `lease_duration` is how
    long the leases of the runs last unless renewed; None without runs.
    """

    runs: tuple[Run, ...]
    exhausted: ExhaustedReason | None
    next_check_iteration: int | None
    message: str
    resumed: bool = False
    running_runs: int = 0
    lease_duration: timedelta | None = None


@dataclass(frozen=True, slots=True)
class StopDecision:
    """Whether early termination stops a run, and why.

    At `rung`, the run's `value` was compared with `threshold`, among `compared_runs` runs.
    These fields are None if no comparison took place.
    """

    should_stop: bool
    reason: str
    rung: int | None
    threshold: float | None
    value: float | None
    compared_runs: int
    next_check_iteration: int | None


@dataclass(frozen=True, slots=True)
class BestRuns:
    """The best finished runs, best first; with several metrics, the Pareto front by run number.

    `total_runs` exceeds the number of returned runs if the front has more than were requested.
    The answer includes every change of the sweep up to `revision`.
    """

    runs: tuple[Run, ...]
    total_runs: int
    revision: int


def suggestion_from_proto(message: suggestion_pb.SuggestResponse) -> Suggestion:
    """Runs to work on."""
    return Suggestion(
        runs=tuple(run_from_proto(entry) for entry in message.runs),
        exhausted=optional_enum_from_proto(ExhaustedReason, message, "exhausted"),
        next_check_iteration=optional_field(message, "next_check_iteration"),
        message=message.message,
        resumed=message.resumed,
        running_runs=message.running_runs,
        lease_duration=message.lease_duration.ToTimedelta() if message.runs else None,
    )


def stop_decision_from_proto(message: suggestion_pb.ShouldStopResponse) -> StopDecision:
    """Whether early termination stops a run."""
    return StopDecision(
        should_stop=message.should_stop,
        reason=message.reason,
        rung=optional_field(message, "rung"),
        threshold=optional_field(message, "threshold"),
        value=optional_field(message, "value"),
        compared_runs=message.compared_runs,
        next_check_iteration=optional_field(message, "next_check_iteration"),
    )


def best_runs_from_proto(message: suggestion_pb.GetBestRunsResponse) -> BestRuns:
    """The best finished runs."""
    return BestRuns(
        runs=tuple(run_from_proto(entry) for entry in message.runs),
        total_runs=message.total_runs,
        revision=message.revision,
    )
