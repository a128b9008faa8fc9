"""Runs, their metrics and their leases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from wanllmdb._types.enums import ExhaustedReason, RunCommand, RunOrigin, RunState, SweepState


@dataclass(frozen=True, slots=True)
class RunError:
    """What went wrong in a run: a sentence, and a stack trace or log tail."""

    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One trial of a sweep: a point of the search space and what came of it.

    `number` counts from 0 without gaps, `attempt` how often the run was handed
    out. `objective` is the metric's value that counts, `objectives` are those of the
    metrics, in their order, in a sweep with several; `summary` holds the last value
    of every metric, `config` what the program set beside or against the parameters.
    Times are aware and in UTC.
    """

    sweep_id: str
    number: int
    state: RunState
    parameters: Mapping[str, Any]
    objective: float | None
    attempt: int
    origin: RunOrigin
    agent_id: str
    error: RunError | None
    external_run_id: str
    labels: Mapping[str, str]
    summary: Mapping[str, float]
    last_step: int | None
    revision: int
    create_time: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    lease_expire_time: datetime | None
    objectives: tuple[float, ...]
    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PriorRun:
    """A result of elsewhere: it informs the sampler and takes no number of the sweep.

    `objectives` are in the order of the sweep's metrics; `last_step` is for a
    pruned one; `source` says where it comes from.
    """

    parameters: Mapping[str, Any]
    state: RunState
    objectives: tuple[float, ...] = ()
    last_step: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class PriorSweep:
    """Prior runs from another sweep: its FINISHED, PRUNED and FAILED runs."""

    sweep_id: str


@dataclass(frozen=True, slots=True)
class CsvRuns:
    """Prior runs as CSV: a header of parameters and metrics, perhaps `state`; a row a run."""

    text: str


@dataclass(frozen=True, slots=True)
class JsonLinesRuns:
    """Prior runs as JSON lines: an object a run, with parameters and metrics as keys.

    Or with the members `parameters` and `metrics`, as `export_runs` writes them.
    """

    text: str


PriorRunSource = PriorSweep | CsvRuns | JsonLinesRuns | Iterable[PriorRun]
"""Where prior runs come from."""


@dataclass(frozen=True, slots=True)
class ImportedRuns:
    """How many prior runs were taken and left out, and why the first 20 of these."""

    imported_runs: int
    skipped_runs: int
    skip_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BestRuns:
    """The best finished runs, best first; with several metrics the Pareto front, by number.

    `total_runs` exceeds the runs where the front has more than were asked for.
    """

    runs: tuple[Run, ...]
    total_runs: int


@dataclass(frozen=True, slots=True)
class BestRun:
    """The run with the best objective of a sweep; the earlier one of equals."""

    number: int
    objective: float
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EnqueuedRun:
    """Parameters that a user wants tried; the sampler completes those not given."""

    parameters: Mapping[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """Values that a run reported at one step; `time` None for the server's clock.

    With `is_summary` they are no part of the history: the program set them as those that count,
    until it reports a value of this or a later step.
    """

    step: int
    values: Mapping[str, float]
    time: datetime | None = None
    is_summary: bool = False


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value, perhaps NaN or infinite, of one metric."""

    step: int
    value: float
    time: datetime | None


@dataclass(frozen=True, slots=True)
class MetricHistory:
    """The points of one metric of one run, by ascending step."""

    name: str
    points: tuple[MetricPoint, ...]


@dataclass(frozen=True, slots=True)
class RunLease:
    """A run as its agent holds it."""

    sweep_id: str
    number: int
    attempt: int


@dataclass(frozen=True, slots=True)
class LeaseStatus:
    """What became of one lease; `expire_time` is set when it was renewed."""

    lease: RunLease
    command: RunCommand
    expire_time: datetime | None


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A run that did what it was to do; what is not given here was reported.

    `objective` is for sweeps with one metric, `objectives` by metric name for those
    with several.
    """

    objective: float | None = None
    objectives: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that broke."""

    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True)
class Pruned:
    """A run that early termination stopped, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Canceled:
    """A run that was told to stop, and why."""

    reason: str


Outcome = Succeeded | Failed | Pruned | Canceled
"""How a run ended, as its agent says."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run after its end, with what this did to the sweep."""

    run: Run
    sweep_state: SweepState
    best_run: BestRun | None


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
