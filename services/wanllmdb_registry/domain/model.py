"""Stored objects: sweeps, runs, metric values and prior runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace

Parameters = Mapping[str, ParameterValue]


class SweepState(StrEnum):
    """A sweep's state; see SweepState in the protos."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether a sweep stays in this state unless its runs are retried."""
        return self in (SweepState.FINISHED, SweepState.FAILED, SweepState.CANCELED)


class FinishReason(StrEnum):
    """The reason why a sweep finished; see FinishReason in the protos."""

    REQUESTED = "REQUESTED"
    RUN_CAP = "RUN_CAP"
    SPACE_EXHAUSTED = "SPACE_EXHAUSTED"
    TARGET_REACHED = "TARGET_REACHED"
    TERMINATED = "TERMINATED"


class Method(StrEnum):
    """The family of a sampler; the values are those of configs."""

    RANDOM = "random"
    GRID = "grid"
    BAYES = "bayes"


class Goal(StrEnum):
    """Which objective is better; the values are those of configs."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


class ObjectiveValue(StrEnum):
    """Which reported value counts; see ObjectiveValue in the protos."""

    LAST = "last"
    BEST = "best"
    MEAN_LAST = "mean_last"


class Impute(StrEnum):
    """The objective that a run without one counts as; see Impute in the protos."""

    WORST = "worst"
    BEST = "best"
    LATEST = "latest"


class ArgsStyle(StrEnum):
    """The form of parameters on a command line; see ArgsStyle in the protos."""

    FLAT = "flat"
    WANDB = "wandb"


class RunState(StrEnum):
    """A run's state; see RunState in the protos."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"
    PRUNED = "PRUNED"
    FAILED = "FAILED"
    LOST = "LOST"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self not in (RunState.QUEUED, RunState.RUNNING)


class RunOrigin(StrEnum):
    """Whether a sampler or a user chose a run's parameters."""

    SUGGESTED = "SUGGESTED"
    ENQUEUED = "ENQUEUED"


class RunCommand(StrEnum):
    """The command that an agent gets for a run that it holds."""

    CONTINUE = "CONTINUE"
    STOP = "STOP"
    ABANDON = "ABANDON"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that a sweep optimizes.

    Attributes:
        name: The metric's name.
        goal: Which values are better.
        target: The value that finishes the sweep once a run reaches it.
        value: Which reported value of a run counts.
        mean_over: The number of last values of MEAN_LAST, else 0.
        impute: What a run that ended without an objective counts as, for a sampler that learns.
        impute_while_running: What a running run counts as, for a sampler that learns.
    """

    name: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None
    value: ObjectiveValue = ObjectiveValue.LAST
    mean_over: int = 0
    impute: Impute | None = None
    impute_while_running: Impute | None = None

    def better(self, left: float, right: float) -> bool:
        """Return whether `left` is strictly better than `right`."""
        return left < right if self.goal is Goal.MINIMIZE else left > right

    def best_of(self, values: Iterable[float]) -> float:
        """Return the best of the values: at least one, and none of them NaN."""
        return min(values) if self.goal is Goal.MINIMIZE else max(values)

    def meets_target(self, objective: float) -> bool:
        """Return whether `objective` is at least as good as the target."""
        return self.target is not None and not self.better(self.target, objective)


@dataclass(frozen=True, slots=True)
class AlgorithmChoice:
    """An algorithm by name, with the given options."""

    name: str
    options: Mapping[str, ParameterValue] = field(default_factory=dict)


DEFAULT_SAMPLERS = {Method.RANDOM: "random", Method.GRID: "grid", Method.BAYES: "tpe"}


@dataclass(frozen=True, slots=True)
class Hyperband:
    """W&B's hyperband: either `min_iter` is set, or `max_iter` and `s`; the others are 0."""

    min_iter: int
    eta: float = 3.0
    strict: bool = True
    max_iter: int = 0
    s: int = 0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """The maximum number of retries of a run that was lost or failed."""

    lost: int = 2
    failed: int = 0


DEFAULT_RETRIES = RetryPolicy()


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """The search space and the settings of a sweep; `seed` is None only before creation.

    `early_termination` is W&B's hyperband, or a pruner by name.
    """

    method: Method
    space: SearchSpace
    sampler: AlgorithmChoice
    metrics: tuple[Metric, ...] = ()
    early_termination: Hyperband | AlgorithmChoice | None = None
    run_cap: int | None = None
    seed: int | None = None
    retries: RetryPolicy = DEFAULT_RETRIES
    terminator: AlgorithmChoice | None = None
    max_failed_runs: int | None = None
    program: str = ""
    command: tuple[str, ...] = ()
    args_style: ArgsStyle = ArgsStyle.FLAT

    @property
    def metric_names(self) -> tuple[str, ...]:
        """The names of the metrics, in order."""
        return tuple(metric.name for metric in self.metrics)

    @property
    def metric(self) -> Metric | None:
        """The metric of a sweep with exactly one; else None."""
        return self.metrics[0] if len(self.metrics) == 1 else None


@dataclass(slots=True)
class RunCounts:
    """The number of a sweep's runs by state."""

    queued: int = 0
    running: int = 0
    finished: int = 0
    pruned: int = 0
    failed: int = 0
    lost: int = 0
    canceled: int = 0

    def move(self, old: RunState | None, new: RunState) -> None:
        """Count a run that moved from `old`, None for a new run, to `new`."""
        if old is not None:
            self._add(old, -1)
        self._add(new, 1)

    def of(self, state: RunState) -> int:
        """Return the number of runs in the state."""
        return int(getattr(self, state.lower()))

    def _add(self, state: RunState, amount: int) -> None:
        name = state.lower()
        setattr(self, name, getattr(self, name) + amount)

    @property
    def ended(self) -> int:
        """The number of runs in a final state."""
        return self.finished + self.pruned + self.failed + self.lost + self.canceled

    @property
    def unfinished(self) -> int:
        """The number of queued and running runs."""
        return self.queued + self.running


@dataclass(frozen=True, slots=True)
class BestRun:
    """The best finished run; of equal runs the one with the lower number."""

    number: int
    objective: float
    parameters: Parameters


@dataclass(slots=True)
class Sweep:
    """A stored sweep, with its counters and its best run.

    `revision` increases with every change of the sweep or of its runs, and `update_time` is the
    time of the last one. `own_revision` is the revision of the last change of the sweep's own
    fields or state, and `version` counts these changes for the etag. `ended_seconds` is the sum of
    the durations of ended runs, and `events` counts what was recorded as an event.
    """

    sweep_id: str
    project: str
    name: str
    description: str
    spec: SweepSpec
    create_time: datetime
    update_time: datetime
    state: SweepState = SweepState.PENDING
    finish_reason: FinishReason | None = None
    next_number: int = 0
    space_exhausted: bool = False
    counts: RunCounts = field(default_factory=RunCounts)
    best: BestRun | None = None
    ended_seconds: float = 0.0
    revision: int = 1
    own_revision: int = 1
    version: int = 1
    start_time: datetime | None = None
    end_time: datetime | None = None
    end_message: str = ""
    prior_runs: int = 0
    events: int = 0

    def add_prior_runs(self, runs: PriorRunColumns) -> NewPriorRuns:
        """Count prior runs; each gets a revision of its own, so that a sync can stop at any."""
        placed = NewPriorRuns(self.prior_runs, self.revision + 1, runs)
        self.prior_runs += len(runs)
        self.revision += len(runs)
        if len(runs):
            self.own_revision = self.revision
        return placed

    @property
    def etag(self) -> str:
        """The version of the sweep's own fields and state; its runs do not change it."""
        return etag_of(self.sweep_id, self.version)


def etag_of(sweep_id: str, version: int) -> str:
    """Return the etag of a sweep at a version."""
    return f'"{sweep_id}-{version}"'


@dataclass(frozen=True, slots=True)
class RunError:
    """The reason why a run did not finish, or why a finished run has no objective."""

    message: str
    traceback: str = ""


@dataclass(slots=True)
class Run:
    """A stored run.

    `objective` is set in sweeps with one metric, `objectives` in sweeps with several. `config`
    holds the values that the program set beside the parameters, or in place of them. `losses` and
    `failures` count how often the run was queued again for each reason. `stop_requested` is set
    when a user canceled the run while it was running: its agent gets the command to stop, and the
    run is not queued again. `summary` holds the last value of every metric of the current attempt,
    which is the one with the highest step, and `summary_steps` this step. `metrics` counts the
    metrics that are not the sweep's own, and `metric_bytes` is the size of their names.
    """

    sweep_id: str
    number: int
    parameters: Parameters
    state: RunState
    create_time: datetime
    origin: RunOrigin = RunOrigin.SUGGESTED
    attempt: int = 0
    agent_id: str = ""
    objective: float | None = None
    objectives: tuple[float, ...] = ()
    error: RunError | None = None
    external_run_id: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    config: Parameters = field(default_factory=dict)
    summary: dict[str, float] = field(default_factory=dict)
    summary_steps: dict[str, int] = field(default_factory=dict)
    metrics: int = 0
    metric_bytes: int = 0
    last_step: int | None = None
    sampler_state: bytes = b""
    losses: int = 0
    failures: int = 0
    stop_requested: bool = False
    revision: int = 0
    start_time: datetime | None = None
    end_time: datetime | None = None
    lease_expire_time: datetime | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """The objective values in the order of the sweep's metrics; empty without a value."""
        return self.objectives if self.objective is None else (self.objective,)

    @property
    def is_held(self) -> bool:
        """Whether the run's last attempt may still report values and end the run."""
        return is_held(self.state, self.agent_id)


def is_held(state: RunState, agent_id: str) -> bool:
    """Return whether an agent holds the run: it is running, or past its lease and not reassigned.

    A run that was given back, or that failed and is queued again, has no agent.
    """
    return bool(agent_id) and state in (RunState.RUNNING, RunState.QUEUED, RunState.LOST)


# Reports make one of these for each row and value, and a tuple takes a third of the time.
class MetricRow(NamedTuple):
    """Values that a run reported at one step; `time` is None for the current time.

    With `is_summary` the values are not part of the history; see the protos.
    """

    step: int
    values: Mapping[str, float]
    time: datetime | None = None
    is_summary: bool = False


class MetricPoint(NamedTuple):
    """A stored metric value; `objective_revision` is set for the sweep's only metric."""

    number: int
    attempt: int
    name: str
    step: int
    value: float
    time: datetime
    objective_revision: int | None = None


@dataclass(frozen=True, slots=True)
class PriorRun:
    """A result of another source; see PriorRun in the protos."""

    parameters: Parameters
    state: RunState
    objectives: tuple[float, ...] = ()
    last_step: int | None = None
    source: str = ""


@dataclass(slots=True)
class PriorRunColumns:
    """Prior runs as stored: a list for each column, with objects as JSON.

    A hundred thousand prior runs are built in this form before the transaction begins, and
    written within it without further work on each run.

    Attributes:
        states: The states.
        parameters: The parameters.
        objectives: The objective values.
        last_steps: The last steps.
        sources: Where each run comes from, for users.
        characters: Characters of all parameters.
    """

    states: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    objectives: list[str] = field(default_factory=list)
    last_steps: list[int | None] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    characters: int = 0

    def __len__(self) -> int:
        return len(self.states)

    def add(self, run: PriorRun) -> None:
        """Append a prior run."""
        parameters = json.dumps(run.parameters)
        self.states.append(run.state.value)
        self.parameters.append(parameters)
        self.objectives.append(json.dumps(run.objectives))
        self.last_steps.append(run.last_step)
        self.sources.append(run.source)
        self.characters += len(parameters)


@dataclass(frozen=True, slots=True)
class NewPriorRuns:
    """Prior runs that are added together: each has the next index and the next revision."""

    first_index: int
    first_revision: int
    runs: PriorRunColumns


@dataclass(frozen=True, slots=True)
class IndexedPriorRun:
    """A sweep's prior run, with its index and the revision that added it."""

    index: int
    revision: int
    run: PriorRun
