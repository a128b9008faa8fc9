"""Results of elsewhere: which of them fit a sweep, and taking them into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.errors import (
    FailedPreconditionError,
    FieldViolation,
    InvalidArgumentError,
    invalid_request,
)
from wanllmdb_common.search_space.conditions import is_active, parents_first
from wanllmdb_common.search_space.constraints import Constraints
from wanllmdb_common.search_space.distributions import ParameterValue
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.enqueue_runs import lies_in
from wanllmdb_registry.domain.model import (
    Parameters,
    PriorRun,
    PriorRunColumns,
    RunState,
    Sweep,
    SweepSpec,
)
from wanllmdb_registry.domain.run_files.cells import ValueReader
from wanllmdb_registry.domain.unit_of_work import UnitOfWork

MAX_PRIOR_RUNS = 100_000
MAX_SKIP_REASONS = 20
# Of what is left out or refused, with the reasons.
MAX_REPORTED = 1_000
MAX_ROW_PROBLEMS = 10
# Of all parameters, as they are kept; what comes in a message has a tenth of it at most.
MAX_PRIOR_CHARACTERS = 128 * 1024 * 1024

# The states of runs that tell a sampler something.
RESULT_STATES = (RunState.FINISHED, RunState.PRUNED, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Row:
    """A result as a source has it, typed but not yet held against the sweep.

    `place` says where it stands, as a field's path below the source; `source` says it to
    people. `problems` are what could not be read of it. `parameters` and `metrics` may hold
    more than the sweep has, unless `exact`, and the sweep's metrics are found by name.
    """

    place: str
    source: str
    parameters: Parameters
    metrics: Mapping[str, float]
    state: RunState = RunState.FINISHED
    last_step: int | None = None
    problems: tuple[str, ...] = ()
    exact: bool = False


def result_state(
    state: RunState, error: object, metrics: Mapping[str, float], wanted: Iterable[str]
) -> RunState:
    """The state of a result: FAILED for a finished run whose source says why it has no value.

    It tells a sampler what a failed one does.
    """
    if state is RunState.FINISHED and error:
        values = [metrics.get(name, float("nan")) for name in wanted]
        return state if all(map(isfinite, values)) else RunState.FAILED
    return state


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row that does not fit, and all reasons."""

    row: Row
    problems: tuple[str, ...]


@dataclass(slots=True)
class Fitting:
    """What of a source fits, in order, and what does not.

    Attributes:
        runs: Those that fit.
        unfit: The first MAX_REPORTED of those that do not.
        skipped: How many do not.
    """

    runs: PriorRunColumns = field(default_factory=PriorRunColumns)
    unfit: list[Unfit] = field(default_factory=list)
    skipped: int = 0

    @property
    def skip_reasons(self) -> list[str]:
        """Why rows were left out, for the first of them."""
        return [
            f"{unfit.row.source}: {'; '.join(unfit.problems):.300}"
            for unfit in self.unfit[:MAX_SKIP_REASONS]
        ]


class Fitter:
    """Holds rows against what a sweep searches."""

    def __init__(self, spec: SweepSpec) -> None:
        self._metrics = [metric.name for metric in spec.metrics]
        self._parameters = [
            (parameter, ValueReader(parameter.distribution))
            for parameter in parents_first(spec.space)
        ]
        self._names = {parameter.name for parameter, _ in self._parameters}
        self._constraints = Constraints(spec.space)

    def fit(self, rows: Iterable[Row], fitting: Fitting, path: str) -> None:
        """Sorts the rows; those that fit become prior runs of the sweep.

        Raises:
            InvalidArgumentError: INVALID_REQUEST: the source, in the field `path`, holds more
                than may be imported at once.
        """
        for row in with_checkpoints(rows, every=4):
            problems = list(row.problems)
            parameters: dict[str, ParameterValue] = {}
            objectives: tuple[float, ...] = ()
            if len(problems) < MAX_ROW_PROBLEMS:
                try:
                    parameters = self._fit_parameters(row, problems)
                except RecursionError:
                    problems.append("holds a parameter that is nested too deeply")
                objectives = self._fit_objectives(row, problems)
            if not problems:
                fitting.runs.add(
                    PriorRun(parameters, row.state, objectives, row.last_step, row.source)
                )
            else:
                fitting.skipped += 1
                if len(fitting.unfit) < MAX_REPORTED:
                    fitting.unfit.append(Unfit(row, tuple(problems)))
            if len(fitting.runs) + fitting.skipped > MAX_PRIOR_RUNS:
                text = f"holds more than {MAX_PRIOR_RUNS:,} runs; import them in parts"
                raise invalid_request(FieldViolation(path, text))
            if fitting.runs.characters > MAX_PRIOR_CHARACTERS:
                text = f"holds more than {MAX_PRIOR_CHARACTERS:,} characters of parameters"
                raise invalid_request(FieldViolation(path, f"{text}; import them in parts"))

    def _fit_parameters(self, row: Row, problems: list[str]) -> dict[str, ParameterValue]:
        """The parameters that a run with these values has; those that it has not are dropped."""
        if row.exact:
            unknown = sorted(row.parameters.keys() - self._names)[:MAX_ROW_PROBLEMS]
            problems += [f"the search space has no parameter '{name:.60}'" for name in unknown]
        kept: dict[str, ParameterValue] = {}
        for parameter, reader in self._parameters:
            if len(problems) >= MAX_ROW_PROBLEMS:
                break
            if not is_active(parameter, kept):
                continue
            if parameter.name not in row.parameters:
                problems.append(f"has no value of parameter '{parameter.name:.60}'")
                continue
            value = reader.as_given(row.parameters[parameter.name])
            if not lies_in(reader.gives, value):
                problems.append(
                    f"{parameter.name:.60} is never {_shown(value)}: it is {reader.words:.120}"
                )
            kept[parameter.name] = value
        if not problems:
            problems += [f"breaks '{text:.100}'" for text in self._constraints.broken(kept)]
        return dict(sorted(kept.items()))

    def _fit_objectives(self, row: Row, problems: list[str]) -> tuple[float, ...]:
        if row.state not in RESULT_STATES:
            problems.append(f"is {row.state}, so it is no result")
            return ()
        if row.state is RunState.FAILED:
            return ()
        lacking = [
            f"has no value of metric '{name:.60}'"
            if name not in row.metrics
            else f"the value of metric '{name:.60}' is {row.metrics[name]}"
            for name in self._metrics
            if not isfinite(row.metrics.get(name, float("nan")))
        ]
        if not lacking:
            return tuple(row.metrics[name] for name in self._metrics)
        # A pruned run may have been stopped before it reported anything.
        if row.state is RunState.FINISHED:
            problems += lacking
        return ()


def _shown(value: ParameterValue) -> str:
    try:
        return f"{value!r:.60}"
    except ValueError:
        # Python writes no integer of more than 4,300 digits.
        return "an integer of thousands of digits"


def reject_unfit(fitting: Fitting, path: str) -> None:
    """Passes where every row fits.

    Raises:
        InvalidArgumentError: INVALID_REQUEST; names the first problems.
    """
    unfit = fitting.unfit
    if not unfit:
        return
    violations = [
        # The place counts from 0 and knows no header: people look for the line.
        FieldViolation(
            f"{path}.{entry.row.place}", f"{entry.row.source}: {'; '.join(entry.problems):.300}"
        )
        for entry in unfit
    ]
    first = unfit[0]
    raise InvalidArgumentError(
        "INVALID_REQUEST",
        f"{fitting.skipped:,} prior runs do not fit the sweep, so none was taken; skip_unfit "
        f"leaves them out. The first one, {first.row.source}: {'; '.join(first.problems):.500}",
        violations,
        uncounted=fitting.skipped - len(unfit),
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a source."""

    imported: int
    skipped: int
    skip_reasons: Sequence[str]


@dataclass(frozen=True)
class ImportRuns(SingleCommand[Imported]):
    """Takes prior runs that fit the sweep. They take no numbers."""

    runs: PriorRunColumns
    skipped: int
    skip_reasons: Sequence[str]

    @property
    def needs_lock(self) -> bool:
        # They are written by a statement of their own, so in a transaction.
        return True

    def apply(self, work: UnitOfWork) -> Imported:
        require_open(work.sweep)
        work.add_prior_runs(self.runs)
        return Imported(len(self.runs), self.skipped, self.skip_reasons)


def require_open(sweep: Sweep) -> None:
    """Passes for a sweep that has not ended.

    Raises:
        FailedPreconditionError: SWEEP_STATE_CONFLICT.
    """
    if sweep.state.is_final:
        raise FailedPreconditionError(
            "SWEEP_STATE_CONFLICT",
            f"sweep '{sweep.sweep_id}' is {sweep.state}: no sampler would learn from prior runs",
            sweep_id=sweep.sweep_id,
            state=sweep.state,
        )
