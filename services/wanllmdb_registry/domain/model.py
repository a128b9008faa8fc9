"""What the registry keeps: sweeps, runs and metric values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wanllmdb_common.search_space.distributions import ParameterValue, SearchSpace

Parameters = Mapping[str, ParameterValue]


class SweepState(StrEnum):
    """See the protos' SweepState."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether a sweep stays in it unless runs of it are retried."""
        return self in (SweepState.FINISHED, SweepState.FAILED, SweepState.CANCELED)


class FinishReason(StrEnum):
    """What finished a sweep; see the protos' FinishReason."""

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
    """Which reported value counts; see the protos' ObjectiveValue."""

    LAST = "last"
    BEST = "best"
    MEAN_LAST = "mean_last"


class Impute(StrEnum):
    """What a run without an objective counts as; see the protos' Impute."""

    WORST = "worst"
    BEST = "best"
    LATEST = "latest"


class ArgsStyle(StrEnum):
    """How a command line holds parameters; see the protos' ArgsStyle."""

    FLAT = "flat"
    WANDB = "wandb"


class RunState(StrEnum):
    """See the protos' RunState."""

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
    """Who chose a run's parameters."""

    SUGGESTED = "SUGGESTED"
    ENQUEUED = "ENQUEUED"


class RunCommand(StrEnum):
    """What an agent is told about a run that it holds."""

    CONTINUE = "CONTINUE"
    STOP = "STOP"
    ABANDON = "ABANDON"


@dataclass(frozen=True, slots=True)
class Metric:
    """What a sweep optimizes.

    `target` finishes the sweep once reached; `mean_over` is for MEAN_LAST, else 0.
    `impute` says what a run counts as that ended without an objective, and
    `impute_while_running` one that runs, for a sampler that learns; None for nothing.
    """

    name: str
    goal: Goal = Goal.MINIMIZE
    target: float | None = None
    value: ObjectiveValue = ObjectiveValue.LAST
    mean_over: int = 0
    impute: Impute | None = None
    impute_while_running: Impute | None = None

    def better(self, left: float, right: float) -> bool:
        """Whether `left` is strictly better than `right`."""
        return left < right if self.goal is Goal.MINIMIZE else left > right

    def best_of(self, values: Iterable[float]) -> float:
        """The best of some values, at least one and none of them NaN."""
        return min(values) if self.goal is Goal.MINIMIZE else max(values)

    def meets_target(self, objective: float) -> bool:
        """Whether `objective` is at least as good as the target."""
        return self.target is not None and not self.better(self.target, objective)


@dataclass(frozen=True, slots=True)
class AlgorithmChoice:
    """An algorithm by name, with the options that were given."""

    name: str
    options: Mapping[str, ParameterValue] = field(default_factory=dict)


DEFAULT_SAMPLERS = {Method.RANDOM: "random", Method.GRID: "grid", Method.BAYES: "tpe"}


@dataclass(frozen=True, slots=True)
class Hyperband:
    """See the protos' Hyperband: either `min_iter`, or `max_iter` and `s`; the others are 0."""

    min_iter: int
    eta: float = 3.0
    strict: bool = True
    max_iter: int = 0
    s: int = 0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a run is queued again after it was lost, or failed."""

    lost: int = 2
    failed: int = 0


DEFAULT_RETRIES = RetryPolicy()


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """What a sweep searches and how; `seed` is None only before creation.

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
        """The names of the metrics, in their order."""
        return tuple(metric.name for metric in self.metrics)

    @property
    def metric(self) -> Metric | None:
        """The metric, if there is exactly one."""
        return self.metrics[0] if len(self.metrics) == 1 else None


@dataclass(slots=True)
class RunCounts:
    """Runs of a sweep by state."""

    queued: int = 0
    running: int = 0
    finished: int = 0
    pruned: int = 0
    failed: int = 0
    lost: int = 0
    canceled: int = 0

    def move(self, old: RunState | None, new: RunState) -> None:
        """Counts a run that went from `old` (None: created) to `new`."""
        if old is not None:
            self._add(old, -1)
        self._add(new, 1)

    def of(self, state: RunState) -> int:
        """Runs in this state."""
        return int(getattr(self, state.lower()))

    def _add(self, state: RunState, amount: int) -> None:
        name = state.lower()
        setattr(self, name, getattr(self, name) + amount)

    @property
    def ended(self) -> int:
        """Runs in a final state."""
        return self.finished + self.pruned + self.failed + self.lost + self.canceled

    @property
    def unfinished(self) -> int:
        """Runs that wait or run."""
        return self.queued + self.running


@dataclass(frozen=True, slots=True)
class BestRun:
    """The best finished run; the earlier one of equals."""

    number: int
    objective: float
    parameters: Parameters


@dataclass(slots=True)
class Sweep:
    """A sweep as stored, counters and best run included.

    `revision` is bumped with every change to it or its runs, `own_revision` is
    the revision of its last own change (fields or state), and `version` counts
    those, for the etag. `ended_seconds` sums the durations of ended runs.
    """

    sweep_id: str
    project: str
    name: str
    description: str
    spec: SweepSpec
    create_time: datetime
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

    def add_prior_runs(self, runs: PriorRunColumns) -> NewPriorRuns:
        """Counts results of elsewhere; each has a revision, so that a sync can stop at any."""
        placed = NewPriorRuns(self.prior_runs, self.revision + 1, runs)
        self.prior_runs += len(runs)
        self.revision += len(runs)
        if len(runs):
            self.own_revision = self.revision
        return placed

    @property
    def etag(self) -> str:
        """Changes with the sweep's own fields and state, not with its runs."""
        return f'"{self.sweep_id}-{self.version}"'


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run did not finish, or has no objective though it did."""

    message: str
    traceback: str = ""


@dataclass(slots=True)
class Run:
    """A trial as stored.

    `objective` is set in sweeps with one metric, `objectives` in those with several.
    `config` is what the program set beside or against the parameters.
    `losses` and `failures` count how often it was queued again for that reason;
    `summary` holds the last value of every metric of the present attempt, the one with the
    highest step, and `summary_steps` that step. `metrics` counts those that are not the sweep's
    own, and `metric_bytes` sums their names.
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
    revision: int = 0
    start_time: datetime | None = None
    end_time: datetime | None = None
    lease_expire_time: datetime | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """What it is worth, in the order of the sweep's metrics; empty where it has no value."""
        return self.objectives if self.objective is None else (self.objective,)

    @property
    def is_held(self) -> bool:
        """Whether the attempt that was handed out last may still report and end it."""
        return is_held(self.state, self.agent_id)


def is_held(state: RunState, agent_id: str) -> bool:
    """Whether a run is its agent's: it runs, or its lease ran out and nobody else was given it.

    A run that was given back, or failed and is queued again, has no agent.
    """
    return bool(agent_id) and state in (RunState.RUNNING, RunState.QUEUED, RunState.LOST)


@dataclass(frozen=True, slots=True)
class MetricRow:
    """Values that a run reported at one step; `time` is None for now.

    With `is_summary` they are no part of the history; see the protos.
    """

    step: int
    values: Mapping[str, float]
    time: datetime | None = None
    is_summary: bool = False


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value as stored; `objective_revision` is set for the sweep's own metric."""

    number: int
    attempt: int
    name: str
    step: int
    value: float
    time: datetime
    objective_revision: int | None = None


@dataclass(frozen=True, slots=True)
class PriorRun:
    """A result of elsewhere; see the protos' PriorRun."""

    parameters: Parameters
    state: RunState
    objectives: tuple[float, ...] = ()
    last_step: int | None = None
    source: str = ""


@dataclass(slots=True)
class PriorRunColumns:
    """Prior runs as they are kept: a column each, objects as JSON.

    In this form a hundred thousand of them are made before a transaction begins, and
    written within it without any work on each.

    Attributes:
        characters: Of all parameters.
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
        """Adds one at the end."""
        parameters = json.dumps(run.parameters)
        self.states.append(run.state.value)
        self.parameters.append(parameters)
        self.objectives.append(json.dumps(run.objectives))
        self.last_steps.append(run.last_step)
        self.sources.append(run.source)
        self.characters += len(parameters)


@dataclass(frozen=True, slots=True)
class NewPriorRuns:
    """Prior runs that a sweep was given together: places and revisions go up by one a run."""

    first_index: int
    first_revision: int
    runs: PriorRunColumns


@dataclass(frozen=True, slots=True)
class IndexedPriorRun:
    """A prior run of a sweep, by its place among them, with the revision that it came with."""

    index: int
    revision: int
    run: PriorRun
