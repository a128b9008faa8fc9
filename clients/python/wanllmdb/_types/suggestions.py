"""The suggestion service's answers about runs: suggestions, stop decisions and the best runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from wanllmdb._errors import (
    CommError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    WanllmdbError,
)
from wanllmdb._html import grid
from wanllmdb._types.enums import ExhaustedReason, optional_enum_from_proto
from wanllmdb._types.runs import (
    FinishedRun,
    MetricRow,
    Outcome,
    Run,
    Succeeded,
    finished_run_from_proto,
    run_from_proto,
)
from wanllmdb._types.values import optional_field
from wanllmdb.api.registry.v1 import registry_service_pb2 as registry_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended, for a Suggest that brings it; the fields are those of `finish_run`."""

    number: int
    attempt: int
    outcome: Outcome = field(default_factory=Succeeded)
    rows: Sequence[MetricRow] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Runs to work on.

    `exhausted` is the reason if there are fewer runs than requested. Call `should_stop` once a
    run has reported `next_check_iteration` finite values of the metric; None if the sweep stops
    no runs early. `message` is the reason why a terminator ended the sweep. `resumed` is whether
    the agent held these runs before. If there are no runs, `running_runs` is the number of runs
    that agents still work on; each of them may be lost and assigned again. `lease_duration` is how
    long the leases of the runs last unless renewed; None without runs.

    `ended_runs` has an entry for each end that the request brought: what `finish_run` would have
    returned, or the error that it would have raised. None is an entry without room in the answer:
    `finish_run` with the same request id returns it.
    """

    runs: tuple[Run, ...]
    exhausted: ExhaustedReason | None
    next_check_iteration: int | None
    message: str
    resumed: bool = False
    running_runs: int = 0
    lease_duration: timedelta | None = None
    ended_runs: tuple[FinishedRun | WanllmdbError | None, ...] = ()


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

    def _repr_html_(self) -> str:
        names = sorted({name for run in self.runs for name in run.parameters})
        rows = [
            (
                run.number,
                run.objectives or run.objective,
                *(run.parameters.get(name) for name in names),
            )
            for run in self.runs
        ]
        title = f"{len(self.runs):,} of {self.total_runs:,} best runs"
        return grid(title, ("run", "objective", *names), rows)


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
        ended_runs=tuple(map(_end_from_proto, message.ended_runs)),
    )


# By the codes of gRPC.
_REJECTIONS: Mapping[int, type[InvalidArgumentError | NotFoundError | FailedPreconditionError]] = {
    3: InvalidArgumentError,
    5: NotFoundError,
    9: FailedPreconditionError,
}


def _end_from_proto(message: registry_pb.FinishRunResult) -> FinishedRun | WanllmdbError | None:
    match message.WhichOneof("result"):
        case "response":
            return finished_run_from_proto(message.response)
        case "error":
            error = message.error
            kind = _REJECTIONS.get(error.code, CommError)
            return kind(error.message, reason=error.reason, metadata=error.metadata)
        case _:
            return None


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
