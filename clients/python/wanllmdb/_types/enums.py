"""The services' enumerations as string enums: `RunState.RUNNING == "running"`.

Each enum that a server returns has UNKNOWN for a value that a newer server knows and this client
does not. The functions at the end convert enum members to protobuf numbers and back.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from wanllmdb._errors import FieldProblem, InvalidArgumentError

E = TypeVar("E", bound=StrEnum)


class Role(StrEnum):
    """The permissions of an API key; each role includes the roles before it."""

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
    """A sweep's state: PENDING -> RUNNING <-> PAUSED -> FINISHED | FAILED | CANCELED."""

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
    """The reason why a sweep finished."""

    UNKNOWN = "unknown"
    REQUESTED = "requested"
    RUN_CAP = "run_cap"
    SPACE_EXHAUSTED = "space_exhausted"
    TARGET_REACHED = "target_reached"
    TERMINATED = "terminated"


class SweepOrder(StrEnum):
    """The order in which sweeps are listed."""

    CREATE_TIME_DESC = "create_time_desc"
    CREATE_TIME_ASC = "create_time_asc"
    NAME_ASC = "name_asc"
    UPDATE_TIME_DESC = "update_time_desc"
    RUNS_DESC = "runs_desc"
    STATE_ASC = "state_asc"


class SweepView(StrEnum):
    """How much of each listed sweep is read.

    BASIC leaves out the search space, the command, the options of algorithms and the parameters
    of the best run.
    """

    FULL = "full"
    BASIC = "basic"


class ConfigFormat(StrEnum):
    """A textual form of sweep configs."""

    YAML = "yaml"
    JSON = "json"


class RunState(StrEnum):
    """A run's state: QUEUED -> RUNNING -> FINISHED | PRUNED | FAILED | LOST | CANCELED."""

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
    """The source of a run's parameters: the sampler or a user."""

    UNKNOWN = "unknown"
    SUGGESTED = "suggested"
    ENQUEUED = "enqueued"


class RunOrder(StrEnum):
    """The order in which runs are listed; runs without an objective come last."""

    NUMBER_ASC = "number_asc"
    NUMBER_DESC = "number_desc"
    OBJECTIVE_ASC = "objective_asc"
    OBJECTIVE_DESC = "objective_desc"


class RunCommand(StrEnum):
    """The instruction to an agent about a run that it holds.

    STOP: finish the run as canceled, because the run or its sweep was canceled. ABANDON: drop the
    run, because this agent no longer holds its lease.
    """

    UNKNOWN = "unknown"
    CONTINUE = "continue"
    STOP = "stop"
    ABANDON = "abandon"


class SweepEventKind(StrEnum):
    """What happened to a sweep."""

    UNKNOWN = "unknown"
    CREATED = "created"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELED = "canceled"
    UPDATED = "updated"
    RUNS_IMPORTED = "runs_imported"
    RUNS_ENQUEUED = "runs_enqueued"
    RUNS_RETRIED = "runs_retried"
    RUNS_CANCELED = "runs_canceled"


class ExhaustedReason(StrEnum):
    """The reason why a sweep returns no more runs."""

    UNKNOWN = "unknown"
    RUN_CAP = "run_cap"
    SPACE_EXHAUSTED = "space_exhausted"
    TARGET_REACHED = "target_reached"
    TERMINATED = "terminated"


class Impute(StrEnum):
    """The objective that a sampler assumes for a run without an objective."""

    UNKNOWN = "unknown"
    WORST = "worst"
    BEST = "best"
    LATEST = "latest"


class ArgsStyle(StrEnum):
    """The form of a run's parameters on a program's command line."""

    UNKNOWN = "unknown"
    FLAT = "flat"
    WANDB = "wandb"


class ObjectiveValue(StrEnum):
    """Which of a run's reported values becomes its objective."""

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
    """The scale of an axis."""

    UNKNOWN = "unknown"
    LINEAR = "linear"
    LOG = "log"
    CATEGORY = "category"


class RunColumnKind(StrEnum):
    """What a column of runs has."""

    PARAMETER = "parameter"
    OBJECTIVE = "objective"
    SUMMARY = "summary"
    LABEL = "label"
    FIELD = "field"


class ImportanceEvaluator(StrEnum):
    """The algorithm that computes parameter importance."""

    FANOVA = "fanova"
    MEAN_DECREASE_IMPURITY = "mean_decrease_impurity"
    PED_ANOVA = "ped_anova"


class CorrelationMethod(StrEnum):
    """The measure of a correlation: linearity (Pearson) or monotonicity (Spearman)."""

    PEARSON = "pearson"
    SPEARMAN = "spearman"


class RunFormat(StrEnum):
    """A textual form of runs."""

    CSV = "csv"
    JSON_LINES = "json_lines"


class AlgorithmKind(StrEnum):
    """The purpose of an algorithm."""

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


def enum_from_proto(kind: type[E], message: Any, field: str) -> E:
    """The member for an enum field of a message; UNKNOWN for numbers new to this client."""
    return _member(kind, message, field)


def optional_enum_from_proto(kind: type[E], message: Any, field: str) -> E | None:
    """Like `enum_from_proto`; None if the field is unspecified."""
    return _member(kind, message, field) if getattr(message, field) else None


def enums_from_proto(kind: type[E], message: Any, field: str) -> tuple[E, ...]:
    """Like `enum_from_proto`, for a repeated field."""
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    members = {number: _named(kind, descriptor, number) for number in set(getattr(message, field))}
    return tuple(members[number] for number in getattr(message, field))


def enum_to_proto(value: StrEnum | str | None, kind: type[StrEnum], wire: Any, field: str) -> Any:
    """The protobuf number of a member or of a member's name; 0 (unspecified) for None.

    Raises:
        InvalidArgumentError: no member has that name.
    """
    if value is None:
        return 0
    descriptor = wire.DESCRIPTOR
    number = descriptor.values_by_name.get(_prefix(descriptor) + str(value).upper())
    if number is None or number.number == 0:
        known = ", ".join(member.value for member in kind if member.value != "unknown")
        raise InvalidArgumentError(
            f"{field}: unknown value {str(value)!r}",
            reason="INVALID_REQUEST",
            fields=[FieldProblem(field, f"unknown value {str(value)!r}, expected one of: {known}")],
        )
    return number.number


def _member(kind: type[E], message: Any, field: str) -> E:
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    return _named(kind, descriptor, getattr(message, field))


def _named(kind: type[E], descriptor: Any, number: int) -> E:
    value = descriptor.values_by_number.get(number)
    name = value.name.removeprefix(_prefix(descriptor)).lower() if value else "unknown"
    return kind(name) if name in set(kind) else kind("unknown")


def _prefix(descriptor: Any) -> str:
    # All names of RunState start with RUN_STATE_, as the name of its zero value does.
    name: str = descriptor.values_by_number[0].name
    return name.removesuffix("UNSPECIFIED")
