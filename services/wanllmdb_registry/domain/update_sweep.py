"""`UpdateSweep` changes the fields of a sweep, even while the sweep runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_common.search_space.widening import wider
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.config.grids import grid_of
from wanllmdb_registry.domain.config.normal_form import in_normal_form
from wanllmdb_registry.domain.config.problems import invalid_config, parameter_path
from wanllmdb_registry.domain.config.validation.spec import problems_of
from wanllmdb_registry.domain.model import (
    DEFAULT_RETRIES,
    AlgorithmChoice,
    Hyperband,
    Metric,
    RetryPolicy,
    Sweep,
    SweepSpec,
)
from wanllmdb_registry.domain.sweep_events import SweepEventKind
from wanllmdb_registry.domain.sweep_lifecycle import check_etag, finish_if_done, require_spec
from wanllmdb_registry.domain.unit_of_work import LoadPlan, UnitOfWork

UPDATABLE_FIELDS = (
    "name",
    "description",
    "spec.run_cap",
    "spec.early_termination",
    "spec.terminator",
    "spec.retries",
    "spec.max_failed_runs",
    "spec.metrics",
    "spec.search_space",
)


@dataclass(frozen=True, slots=True)
class SweepUpdate:
    """New values of a sweep; only those in `fields`, paths of the Sweep message, change."""

    fields: frozenset[str]
    name: str = ""
    description: str = ""
    run_cap: int | None = None
    early_termination: Hyperband | AlgorithmChoice | None = None
    terminator: AlgorithmChoice | None = None
    retries: RetryPolicy = DEFAULT_RETRIES
    max_failed_runs: int | None = None
    targets: Sequence[tuple[str, float | None]] = ()
    space: SearchSpace | None = None


@dataclass(frozen=True, slots=True)
class UpdatedSweep:
    """A sweep after an update, with warnings about the update's effect on existing runs."""

    sweep: Sweep
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedUpdate:
    """A valid update of a sweep with the spec `before`.

    Attributes:
        update: The new values.
        before: The spec before the update.
        spec: The spec after the update.
        notes: The effects of a new space on existing runs.
    """

    update: SweepUpdate
    before: SweepSpec
    spec: SweepSpec
    notes: tuple[str, ...]


def check_update(sweep: Sweep, etag: str, update: SweepUpdate) -> CheckedUpdate:
    """Check an update before its transaction, since a large space takes a second.

    Raises:
        AbortedError: ETAG_MISMATCH.
        InvalidArgumentError: the new spec would be invalid, or lack a part of the old one.
        FailedPreconditionError: NO_METRIC.
    """
    check_etag(sweep, etag)
    before = sweep.spec
    spec = _updated(sweep, update)
    if spec == before:
        return CheckedUpdate(update, before, before, ())
    problems = problems_of(spec)
    if problems:
        raise invalid_config(problems)
    notes: tuple[str, ...] = ()
    if spec.space != before.space:
        spec = replace(spec, space=in_normal_form(spec.space))
        notes = _widened(spec, before.space)
    return CheckedUpdate(update, before, spec, notes)


@dataclass(frozen=True)
class UpdateSweep(SingleCommand[UpdatedSweep]):
    """Changes a sweep's fields, in any state of the sweep."""

    etag: str
    checked: CheckedUpdate

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        # A sweep with several metrics keeps no best run that could show whether it meets a new
        # target.
        several = "spec.metrics" in self.checked.update.fields and len(sweep.spec.metrics) > 1
        return LoadPlan(queued=True, objectives=several)

    def apply(self, work: UnitOfWork) -> UpdatedSweep:
        sweep, update = work.sweep, self.checked.update
        check_etag(sweep, self.etag)
        before, spec = self.checked.before, self.checked.spec
        require_spec(sweep, before)
        if spec.space is not before.space:
            # The new space has points that were not tried.
            sweep.space_exhausted &= sweep.state.is_final
        sweep.spec = spec
        if "name" in update.fields:
            sweep.name = update.name
        if "description" in update.fields:
            sweep.description = update.description
        work.touch_sweep()
        work.note(SweepEventKind.UPDATED, _changed_fields(update))
        warnings = tuple(_warnings(sweep, before, self.checked.notes))
        finish_if_done(work)
        return UpdatedSweep(sweep, warnings)


def _changed_fields(update: SweepUpdate) -> str:
    """Return the names of the fields in a config's words, with the new value where it is short."""
    values: dict[str, object] = {
        "name": repr(update.name) if update.name else "none",
        "spec.run_cap": "none" if update.run_cap is None else update.run_cap,
        "spec.max_failed_runs": "none"
        if update.max_failed_runs is None
        else update.max_failed_runs,
    }
    return ", ".join(
        field.removeprefix("spec.") + (f" is now {values[field]}" if field in values else "")
        for field in UPDATABLE_FIELDS
        if field in update.fields
    )


def _updated(sweep: Sweep, update: SweepUpdate) -> SweepSpec:
    spec, fields = sweep.spec, update.fields
    if "spec.run_cap" in fields:
        spec = replace(spec, run_cap=update.run_cap)
    if "spec.early_termination" in fields:
        spec = replace(spec, early_termination=update.early_termination)
    if "spec.terminator" in fields:
        spec = replace(spec, terminator=update.terminator)
    if "spec.retries" in fields:
        spec = replace(spec, retries=update.retries)
    if "spec.max_failed_runs" in fields:
        spec = replace(spec, max_failed_runs=update.max_failed_runs)
    if "spec.metrics" in fields:
        spec = replace(spec, metrics=_with_targets(sweep, update.targets))
    if "spec.search_space" in fields and update.space is not None:
        spec = replace(spec, space=update.space)
    return spec


def _with_targets(sweep: Sweep, targets: Sequence[tuple[str, float | None]]) -> tuple[Metric, ...]:
    """Return the metrics with new targets, by name; the empty name means the only metric."""
    metrics = {metric.name: metric for metric in sweep.spec.metrics}
    if not metrics:
        raise FailedPreconditionError(
            "NO_METRIC",
            f"sweep '{sweep.sweep_id}' has no metric, so a target can't be set",
            sweep_id=sweep.sweep_id,
        )
    for index, (given, target) in enumerate(targets):
        name = given or (next(iter(metrics)) if len(metrics) == 1 else "")
        if name not in metrics:
            known = ", ".join(metrics)
            text = f"the sweep has no metric '{name:.100}'; its metrics: {known:.500}"
            raise invalid_request(FieldViolation(f"sweep.spec.metrics[{index}].name", text))
        metrics[name] = replace(metrics[name], target=target)
    return tuple(metrics.values())


def _widened(spec: SweepSpec, before: SearchSpace) -> tuple[str, ...]:
    """Return the effects of a spec's new space on existing runs.

    Raises:
        InvalidArgumentError: the space lacks a part of the old one, or has no grid.
    """
    change = wider(spec.space, before)
    if change.problems:
        raise invalid_config(
            [
                FieldViolation(name if name == "constraints" else parameter_path(name), text)
                for name, text in change.problems
            ]
        )
    grid_of(spec)
    return change.notes


def _warnings(sweep: Sweep, before: SweepSpec, of_space: tuple[str, ...]) -> Iterator[str]:
    """Yield effects of the update that the user may not expect."""
    spec = sweep.spec
    if spec != before and sweep.state.is_final:
        yield (
            f"the sweep is {sweep.state} and starts no more runs: the change has an effect only "
            "after some of its runs are retried"
        )
        return
    yield from of_space
    created = sweep.next_number
    if spec.run_cap != before.run_cap and spec.run_cap is not None and spec.run_cap < created:
        yield (
            f"the sweep already has {created} runs, more than the new run_cap of {spec.run_cap}: "
            "these runs continue, and no more are created"
        )
    if spec.early_termination != before.early_termination and created:
        yield (
            "the new early termination applies to each run from its next report on; runs that "
            "were stopped stay stopped"
        )
