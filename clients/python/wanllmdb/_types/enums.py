"""The names that the services use, as string enums: `RunState.RUNNING == "running"`.

Each has UNKNOWN for a value that a newer server knows and this client does not.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What an API key may do; each may do what those before it may."""

    UNKNOWN = "unknown"
    READER = "reader"
    AGENT = "agent"
    EDITOR = "editor"
    ADMIN = "admin"


class Method(StrEnum):
    """The family of a sweep's sampler."""

    UNKNOWN = "unknown"
    RANDOM = "random"
    GRID = "grid"
    BAYES = "bayes"


class Goal(StrEnum):
    """Whether a smaller or a larger metric is better."""

    UNKNOWN = "unknown"
    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


class SweepState(StrEnum):
    """Where a sweep stands: PENDING -> RUNNING <-> PAUSED -> FINISHED | FAILED | CANCELED."""

    UNKNOWN = "unknown"
    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether the sweep has ended."""
        return self in (SweepState.FINISHED, SweepState.FAILED, SweepState.CANCELED)


class FinishReason(StrEnum):
    """What finished a sweep."""

    UNKNOWN = "unknown"
    REQUESTED = "requested"
    RUN_CAP = "run_cap"
    SPACE_EXHAUSTED = "space_exhausted"
    TARGET_REACHED = "target_reached"
    TERMINATED = "terminated"


class SweepOrder(StrEnum):
    """In which order sweeps are listed."""

    CREATE_TIME_DESC = "create_time_desc"
    CREATE_TIME_ASC = "create_time_asc"
    NAME_ASC = "name_asc"


class ConfigFormat(StrEnum):
    """A textual form of sweep configs."""

    YAML = "yaml"
    JSON = "json"


class RunState(StrEnum):
    """Where a run stands: QUEUED -> RUNNING -> FINISHED | PRUNED | FAILED | LOST | CANCELED."""

    UNKNOWN = "unknown"
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    PRUNED = "pruned"
    FAILED = "failed"
    LOST = "lost"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        """Whether the run has ended."""
        return self not in (RunState.UNKNOWN, RunState.QUEUED, RunState.RUNNING)


class RunOrigin(StrEnum):
    """Who chose a run's parameters."""

    UNKNOWN = "unknown"
    SUGGESTED = "suggested"
    ENQUEUED = "enqueued"


class RunOrder(StrEnum):
    """In which order runs are listed; runs without an objective come last."""

    NUMBER_ASC = "number_asc"
    NUMBER_DESC = "number_desc"
    OBJECTIVE_ASC = "objective_asc"
    OBJECTIVE_DESC = "objective_desc"


class RunCommand(StrEnum):
    """What an agent should do with a run that it holds.

    STOP: finish it as canceled, the sweep was canceled. ABANDON: forget it, the
    lease is no longer this agent's.
    """

    UNKNOWN = "unknown"
    CONTINUE = "continue"
    STOP = "stop"
    ABANDON = "abandon"


class ExhaustedReason(StrEnum):
    """Why a sweep hands out no more runs."""

    UNKNOWN = "unknown"
    RUN_CAP = "run_cap"
    SPACE_EXHAUSTED = "space_exhausted"
    TARGET_REACHED = "target_reached"
    TERMINATED = "terminated"


class Impute(StrEnum):
    """What a run without an objective counts as for a sampler that learns."""

    UNKNOWN = "unknown"
    WORST = "worst"
    BEST = "best"
    LATEST = "latest"


class ArgsStyle(StrEnum):
    """How the command line of a program holds a run's parameters."""

    UNKNOWN = "unknown"
    FLAT = "flat"
    WANDB = "wandb"


class ObjectiveValue(StrEnum):
    """Which of the values that a run reported becomes its objective."""

    UNKNOWN = "unknown"
    LAST = "last"
    BEST = "best"
    MEAN_LAST = "mean_last"


class AxisKind(StrEnum):
    """Whether an axis is a parameter or the metric."""

    UNKNOWN = "unknown"
    PARAMETER = "parameter"
    METRIC = "metric"


class AxisScale(StrEnum):
    """How an axis is to be laid out."""

    UNKNOWN = "unknown"
    LINEAR = "linear"
    LOG = "log"
    CATEGORY = "category"


class ImportanceEvaluator(StrEnum):
    """How parameter importance is computed."""

    FANOVA = "fanova"
    MEAN_DECREASE_IMPURITY = "mean_decrease_impurity"
    PED_ANOVA = "ped_anova"


class CorrelationMethod(StrEnum):
    """How a correlation is measured: how linear, or how monotonous, a relation is."""

    PEARSON = "pearson"
    SPEARMAN = "spearman"


class RunFormat(StrEnum):
    """A textual form of runs."""

    CSV = "csv"
    JSON_LINES = "json_lines"


class AlgorithmKind(StrEnum):
    """What an algorithm is for."""

    UNKNOWN = "unknown"
    SAMPLER = "sampler"
    PRUNER = "pruner"
    TERMINATOR = "terminator"
    IMPORTANCE_EVALUATOR = "importance_evaluator"


class OptionType(StrEnum):
    """The type of an algorithm's option; ALGORITHM is an object {name, options}."""

    UNKNOWN = "unknown"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    CHOICE = "choice"
    ALGORITHM = "algorithm"
