"""The suggestion service's answers about runs: suggestions, stop decisions and the best runs."""

from __future__ import annotations

from dataclasses import dataclass

from wanllmdb._types.enums import ExhaustedReason, optional_enum_from_proto
from wanllmdb._types.runs import Run, run_from_proto
from wanllmdb._types.values import optional_field
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Runs to work on.

    `exhausted` says why there are fewer than asked for. `should_stop` is to be
    asked once a run has reported `next_check_iteration` finite values of the
    metric; None when the sweep stops no runs. `message` says why a terminator ended
    the sweep. `resumed` says whether the runs are those that the agent held before.
    Where there are none, `running_runs` are still being worked on, and as long as
    there are any, one may be lost and handed out again.
    """

    runs: tuple[Run, ...]
    exhausted: ExhaustedReason | None
    next_check_iteration: int | None
    message: str
    resumed: bool = False
    running_runs: int = 0


@dataclass(frozen=True, slots=True)
class StopDecision:
    """Whether early termination stops a run, and why.

    At `rung` the run's `value` was compared with `threshold`, among
    `compared_runs` runs. None in these where nothing was tested.
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
    """The best finished runs, best first; with several metrics the Pareto front, by number.

    `total_runs` exceeds the runs where the front has more than were asked for.
    """

    runs: tuple[Run, ...]
    total_runs: int


def suggestion_from_proto(message: suggestion_pb.SuggestResponse) -> Suggestion:
    """Runs to work on."""
    return Suggestion(
        runs=tuple(run_from_proto(entry) for entry in message.runs),
        exhausted=optional_enum_from_proto(ExhaustedReason, message, "exhausted"),
        next_check_iteration=optional_field(message, "next_check_iteration"),
        message=message.message,
        resumed=message.resumed,
        running_runs=message.running_runs,
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
        runs=tuple(run_from_proto(entry) for entry in message.runs), total_runs=message.total_runs
    )
