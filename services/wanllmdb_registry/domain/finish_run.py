"""`FinishRun` ends a run: its state, its objective values, the best run, and retries."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wanllmdb_common.did_you_mean import nearest_name
from wanllmdb_common.errors import FieldViolation, invalid_request
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.leases import held_run
from wanllmdb_registry.domain.model import (
    BestRun,
    Metric,
    MetricRow,
    ObjectiveValue,
    Parameters,
    Run,
    RunError,
    RunState,
    Sweep,
    SweepSpec,
)
from wanllmdb_registry.domain.report_metrics import report_rows, values_in, without_excess
from wanllmdb_registry.domain.sweep_lifecycle import finish_if_done, load_plan_to_finish
from wanllmdb_registry.domain.unit_of_work import LoadPlan, UnitOfWork

# Above this number of names no hint is searched for, because the sweep is locked meanwhile.
_MOST_COMPARED = 50


@dataclass(frozen=True, slots=True)
class GivenObjectives:
    """Objective values that an agent gives: of the only metric, or by metric name."""

    objective: float | None = None
    objectives: Mapping[str, float] | None = None


def by_metric(spec: SweepSpec, given: GivenObjectives) -> dict[str, float]:
    """Return the given values by metric name; metrics without a given value are omitted.

    In a sweep without metrics, `objective` is ignored.

    Raises:
        InvalidArgumentError: a name is not one of the sweep's metrics, or `objective` is given in
            a sweep with several metrics.
    """
    names = [metric.name for metric in spec.metrics]
    values = dict(given.objectives or {})
    known = ", ".join(names) or "none"
    problems = [
        FieldViolation(
            "succeeded.objectives",
            f"the sweep has no metric '{name:.100}'; its metrics: {known:.500}",
        )
        for name in values
        if name not in names
    ]
    if given.objective is not None and len(names) > 1:
        text = f"is for a sweep with one metric; give objectives by name: {known:.500}"
        problems.append(FieldViolation("succeeded.objective", text))
    elif given.objective is not None and values:
        text = "can't be given together with objectives; give one of the two"
        problems.append(FieldViolation("succeeded.objective", text))
    if problems:
        raise invalid_request(*problems)
    if given.objective is not None and names:
        return {names[0]: given.objective}
    return values


def needs_history(spec: SweepSpec) -> bool:
    """Return whether an objective depends on more than the last value of a metric."""
    return any(metric.value is not ObjectiveValue.LAST for metric in spec.metrics)


def reported_value(work: UnitOfWork, run: Run, metric: Metric) -> float | None:
    """Return the metric's value that counts, of the current attempt; None if there is none.

    The best value ignores NaN and infinite values, unless there are no others. A mean over a NaN
    or infinite value is NaN. A value that the program set in its summary is the last value and a
    candidate for the best value; it is the mean where nothing was logged.
    """
    in_summary = run.summary.get(metric.name)
    if metric.value is ObjectiveValue.LAST or in_summary is None:
        return in_summary
    by_step = work.values_of(run, metric.name)
    if metric.value is ObjectiveValue.BEST:
        finite = [value for value in (*by_step.values(), in_summary) if math.isfinite(value)]
        return metric.best_of(finite) if finite else math.nan
    last = [by_step[step] for step in sorted(by_step)[-metric.mean_over :]] or [in_summary]
    return _mean(last) if all(map(math.isfinite, last)) else math.nan


def _mean(values: list[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)


def objectives_of(
    work: UnitOfWork, run: Run, given: Mapping[str, float]
) -> tuple[float, ...] | str:
    """Return the values that count, in the order of the metrics, or the reason for none as text.

    A value that was not given is taken from what the run reported. NaN and infinite values do
    not count: an infinite value would stay the best one for ever, and no model learns from it.
    """
    values: list[float] = []
    problems: list[str] = []
    for metric in work.sweep.spec.metrics:
        value = given.get(metric.name)
        if value is None:
            value = reported_value(work, run, metric)
        if value is None:
            problems.append(f"the run ended without a value of metric '{metric.name}'")
        elif not math.isfinite(value):
            which = {
                ObjectiveValue.LAST: "final value",
                ObjectiveValue.BEST: "best value",
                ObjectiveValue.MEAN_LAST: f"mean of the last {metric.mean_over} values",
            }[ObjectiveValue.LAST if metric.name in given else metric.value]
            what = "NaN" if math.isnan(value) else f"infinite ({value})"
            problems.append(f"the {which} of metric '{metric.name}' is {what}")
        else:
            values.append(value)
    if not problems:
        return tuple(values)
    reason = "; ".join(problems)
    if "without a value" in reason:
        reported = ", ".join(sorted(run.summary)) or "nothing"
        reason += f"; it reported {reported:.500}{_meant(work.sweep.spec, run)}"
    return reason


def _meant(spec: SweepSpec, run: Run) -> str:
    """Return a hint at a reported name that resembles a metric without a value."""
    if len(run.summary) > _MOST_COMPARED:
        return ""
    for metric in spec.metrics:
        if metric.name not in run.summary:
            meant = nearest_name(metric.name, run.summary)
            if meant is not None:
                return f"; did you mean '{meant}'?"
    return ""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The run completed its work; reported values count for metrics that are not `given`.

    Without a finite value of each metric the run has no objective, and its error states why.
    """

    given: GivenObjectives = field(default_factory=GivenObjectives)


@dataclass(frozen=True, slots=True)
class Failed:
    """The run failed with an error."""

    error: RunError


@dataclass(frozen=True, slots=True)
class Pruned:
    """Early termination stopped the run."""

    reason: str


@dataclass(frozen=True, slots=True)
class Canceled:
    """The run was stopped by a command."""

    reason: str


Outcome = Succeeded | Failed | Pruned | Canceled


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run after its end, and its sweep."""

    run: Run
    sweep: Sweep


@dataclass(frozen=True)
class FinishRun(SingleCommand[EndedRun]):
    """Ends a run, and updates the sweep's best run, counters and state.

    A `config` that is not empty replaces the run's config. Metrics that the run has no room for
    are left out, since they must not prevent the run's end.
    """

    number: int
    attempt: int
    rows: Sequence[MetricRow]
    outcome: Outcome
    config: Parameters = field(default_factory=dict)

    @property
    def weight(self) -> int:
        return values_in(self.rows)

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        counts = isinstance(self.outcome, Succeeded | Pruned)
        histories = {(self.number, self.attempt)} if counts and needs_history(sweep.spec) else ()
        return LoadPlan(
            frozenset({self.number}),
            queued=load_plan_to_finish(sweep).queued,
            histories=frozenset(histories),
        )

    def apply(self, work: UnitOfWork) -> EndedRun:
        run = held_run(work, self.number, self.attempt)
        given: Mapping[str, float] = {}
        if isinstance(self.outcome, Succeeded):
            given = by_metric(work.sweep.spec, self.outcome.given)
        report_rows(work, run, without_excess(work, run, self.rows))
        if self.config:
            run.config = self.config
        _finish(work, run, self.outcome, given)
        finish_if_done(work, run)
        return EndedRun(run, work.sweep)


def _finish(work: UnitOfWork, run: Run, outcome: Outcome, given: Mapping[str, float]) -> None:
    match outcome:
        case Succeeded():
            objectives = objectives_of(work, run, given)
            if isinstance(objectives, str):
                # A run without an objective has still completed its work.
                run.error = RunError(objectives)
            else:
                run.error = None
                _set_objectives(work.sweep, run, objectives)
            work.move(run, RunState.FINISHED)
            _compare_with_best(work.sweep, run)
        case Pruned(reason=reason):
            objectives = objectives_of(work, run, {})
            if not isinstance(objectives, str):
                _set_objectives(work.sweep, run, objectives)
            run.error = RunError(reason)
            work.move(run, RunState.PRUNED)
        case Canceled(reason=reason):
            # The reason of the user who canceled the run says more than that of its agent.
            if not run.stop_requested:
                run.error = RunError(reason)
            work.move(run, RunState.CANCELED)
        case Failed(error=error):
            _fail(work, run, error)


def _set_objectives(sweep: Sweep, run: Run, objectives: tuple[float, ...]) -> None:
    if sweep.spec.metric is not None:
        (run.objective,) = objectives
    else:
        run.objectives = objectives


def _compare_with_best(sweep: Sweep, run: Run) -> None:
    """Record a finished run as the best one if it is; of equal runs the earlier one is best."""
    metric, best = sweep.spec.metric, sweep.best
    if metric is None or run.objective is None:
        return
    if (
        best is None
        or metric.better(run.objective, best.objective)
        or (run.objective == best.objective and run.number < best.number)
    ):
        sweep.best = BestRun(run.number, run.objective, run.parameters)


def _fail(work: UnitOfWork, run: Run, error: RunError) -> None:
    run.error = error
    may_retry = not (work.sweep.state.is_final or run.stop_requested)
    if may_retry and run.failures < work.sweep.spec.retries.failed:
        run.failures += 1
        run.agent_id = ""
        work.move(run, RunState.QUEUED)
    else:
        work.move(run, RunState.FAILED)
