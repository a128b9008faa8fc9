"""Prior runs: results of another source that are checked against a sweep and imported into it."""

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
from wanllmdb_registry.domain.sweep_events import Requester, SweepEvent, SweepEventKind
from wanllmdb_registry.domain.unit_of_work import UnitOfWork

MAX_PRIOR_RUNS = 100_000
MAX_SKIP_REASONS = 20
# Rejected rows that are reported, with the reasons.
MAX_REPORTED = 1_000
MAX_ROW_PROBLEMS = 10
# Characters of all parameters as stored; the parameters of one message have a tenth at most.
MAX_PRIOR_CHARACTERS = 128 * 1024 * 1024

# The states of runs that a sampler learns from.
RESULT_STATES = (RunState.FINISHED, RunState.PRUNED, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a source, with typed values, before it is checked against the sweep.

    Attributes:
        path: The path of the row's field below the source.
        source: The row's location for users, such as a line.
        parameters: Values by name; may name parameters that the sweep lacks, unless `exact`.
        metrics: Values by name; may name metrics that the sweep lacks.
        state: The run's state.
        last_step: The last reported step.
        problems: Why parts of the row could not be read.
        exact: Whether the row is rejected for parameters that the sweep lacks.
    """

    path: str
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
    """Return the state of a result: FAILED for a finished run with an error and without values.

    A sampler learns from such a run what it learns from a failed one.
    """
    if state is RunState.FINISHED and error:
        values = [metrics.get(name, float("nan")) for name in wanted]
        return state if all(map(isfinite, values)) else RunState.FAILED
    return state


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row that does not fit the sweep, and all reasons."""

    row: Row
    problems: tuple[str, ...]


@dataclass(slots=True)
class Fitting:
    """The rows of a source that fit the sweep, in order, and those that do not.

    Attributes:
        runs: The prior runs of the rows that fit.
        unfit: The first MAX_REPORTED of the other rows.
        skipped: The number of the other rows.
    """

    runs: PriorRunColumns = field(default_factory=PriorRunColumns)
    unfit: list[Unfit] = field(default_factory=list)
    skipped: int = 0

    @property
    def skip_reasons(self) -> list[str]:
        """The reasons why rows were skipped, for the first MAX_SKIP_REASONS rows."""
        return [
            f"{unfit.row.source}: {'; '.join(unfit.problems):.300}"
            for unfit in self.unfit[:MAX_SKIP_REASONS]
        ]


class Fitter:
    """Checks rows against a sweep's search space and metrics."""

    def __init__(self, spec: SweepSpec) -> None:
        self._metrics = [metric.name for metric in spec.metrics]
        self._parameters = [
            (parameter, ValueReader(parameter.distribution))
            for parameter in parents_first(spec.space)
        ]
        self._names = {parameter.name for parameter, _ in self._parameters}
        self._constraints = Constraints(spec.space)

    def fit(self, rows: Iterable[Row], fitting: Fitting, path: str) -> None:
        """Add each row to `fitting`, as a prior run or as an unfit row.

        Raises:
            InvalidArgumentError: INVALID_REQUEST: the source, in the field `path`, has more rows
                than one import takes.
        """
        for row in with_checkpoints(rows, every=4):
            problems = list(row.problems)
            parameters: dict[str, ParameterValue] = {}
            objectives: tuple[float, ...] = ()
            if len(problems) < MAX_ROW_PROBLEMS:
                try:
                    parameters = self._fit_parameters(row, problems)
                except RecursionError:
                    problems.append("contains a parameter that is nested too deeply")
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
                text = f"contains more than {MAX_PRIOR_RUNS:,} runs; import the runs in parts"
                raise invalid_request(FieldViolation(path, text))
            if fitting.runs.characters > MAX_PRIOR_CHARACTERS:
                text = f"contains more than {MAX_PRIOR_CHARACTERS:,} characters of parameters"
                raise invalid_request(FieldViolation(path, f"{text}; import the runs in parts"))

    def _fit_parameters(self, row: Row, problems: list[str]) -> dict[str, ParameterValue]:
        """Return the parameters of a run with these values, without its inactive parameters."""
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
            problems.append(f"is {row.state}, which is not a result")
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
        # Python formats no integer of more than 4,300 digits.
        return "an integer of thousands of digits"


def reject_unfit(fitting: Fitting, path: str) -> None:
    """Check that every row fits the sweep.

    Raises:
        InvalidArgumentError: INVALID_REQUEST with the first problems.
    """
    unfit = fitting.unfit
    if not unfit:
        return
    violations = [
        # The path counts rows from 0 without the header; users look for the line.
        FieldViolation(
            f"{path}.{entry.row.path}", f"{entry.row.source}: {'; '.join(entry.problems):.300}"
        )
        for entry in unfit
    ]
    first = unfit[0]
    raise InvalidArgumentError(
        "INVALID_REQUEST",
        f"{fitting.skipped:,} prior runs do not fit the sweep, so none was imported; set "
        "skip_unfit to import the others. The first one, "
        f"{first.row.source}: {'; '.join(first.problems):.500}",
        violations,
        uncounted=fitting.skipped - len(unfit),
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """The numbers of imported and skipped runs of a source, and the reasons."""

    imported: int
    skipped: int
    skip_reasons: Sequence[str]


@dataclass(frozen=True)
class ImportRuns(SingleCommand[Imported]):
    """Imports prior runs, which fit the sweep; they get no run numbers."""

    runs: PriorRunColumns
    skipped: int
    skip_reasons: Sequence[str]

    @property
    def needs_lock(self) -> bool:
        # Prior runs are written by a statement of their own, so a transaction is needed.
        return True

    def apply(self, work: UnitOfWork) -> Imported:
        require_open(work.sweep)
        work.add_prior_runs(self.runs)
        if len(self.runs):
            detail = imported_detail(len(self.runs), self.skipped)
            work.note(SweepEventKind.RUNS_IMPORTED, detail)
        return Imported(len(self.runs), self.skipped, self.skip_reasons)


def events_of_creation(sweep: Sweep, skipped: int, requester: Requester) -> list[SweepEvent]:
    """Return the events of a new sweep with its prior runs, and count them.

    Args:
        sweep: The sweep, to which the prior runs were added.
        skipped: The number of prior runs that were left out.
        requester: Who creates it.
    """
    made = [(SweepEventKind.CREATED, "")]
    if sweep.prior_runs:
        detail = imported_detail(sweep.prior_runs, skipped)
        made.append((SweepEventKind.RUNS_IMPORTED, detail))
    sweep.events = len(made)
    return [
        SweepEvent(index, sweep.revision, sweep.create_time, kind, detail, requester)
        for index, (kind, detail) in enumerate(made)
    ]


def imported_detail(imported: int, skipped: int) -> str:
    """Return the detail of the event of an import."""
    detail = f"{imported:,} run{'' if imported == 1 else 's'}"
    return f"{detail}; {skipped:,} left out because unfit" if skipped else detail


def require_open(sweep: Sweep) -> None:
    """Check that the sweep has not ended.

    Raises:
        FailedPreconditionError: SWEEP_STATE_CONFLICT.
    """
    if sweep.state.is_final:
        raise FailedPreconditionError(
            "SWEEP_STATE_CONFLICT",
            f"sweep '{sweep.sweep_id}' is {sweep.state}: prior runs would have no effect",
            sweep_id=sweep.sweep_id,
            state=sweep.state,
        )
