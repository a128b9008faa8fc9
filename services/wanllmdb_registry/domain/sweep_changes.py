"""Mutations of a sweep's own fields and state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from wanllmdb_common.errors import (
    AbortedError,
    FailedPreconditionError,
    FieldViolation,
    invalid_request,
)
from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.config.validate import problems_of
from wanllmdb_registry.domain.config.wording import invalid_config
from wanllmdb_registry.domain.edit import Needs, SweepEdit
from wanllmdb_registry.domain.model import (
    DEFAULT_RETRIES,
    AlgorithmChoice,
    FinishReason,
    Hyperband,
    Metric,
    RetryPolicy,
    Sweep,
    SweepState,
)
from wanllmdb_registry.domain.sweep_end import end, finish_if_done


def check_etag(sweep: Sweep, etag: str) -> None:
    """Passes for an empty or current etag.

    Raises:
        AbortedError: ETAG_MISMATCH.
    """
    if etag and etag != sweep.etag:
        raise AbortedError(
            "ETAG_MISMATCH",
            f"sweep '{sweep.sweep_id}' was changed by somebody else since it was read; "
            "get it again and repeat the change",
            sweep_id=sweep.sweep_id,
            etag=sweep.etag,
        )


@dataclass(frozen=True)
class Transition(SingleChange[Sweep]):
    """From one state to another; fails on a stale etag."""

    etag: str


class StartSweep(Transition):
    """PENDING to RUNNING."""

    def apply(self, edit: SweepEdit) -> Sweep:
        check_etag(edit.sweep, self.etag)
        if edit.sweep.state is not SweepState.PENDING:
            _refuse(edit.sweep, "started", SweepState.PENDING)
        start(edit)
        return edit.sweep


class PauseSweep(Transition):
    """RUNNING to PAUSED."""

    def apply(self, edit: SweepEdit) -> Sweep:
        check_etag(edit.sweep, self.etag)
        if edit.sweep.state is not SweepState.RUNNING:
            _refuse(edit.sweep, "paused", SweepState.RUNNING)
        edit.sweep.state = SweepState.PAUSED
        edit.touch_sweep()
        return edit.sweep


class ResumeSweep(Transition):
    """PAUSED to RUNNING."""

    def apply(self, edit: SweepEdit) -> Sweep:
        check_etag(edit.sweep, self.etag)
        if edit.sweep.state is not SweepState.PAUSED:
            _refuse(edit.sweep, "resumed", SweepState.PAUSED)
        edit.sweep.state = SweepState.RUNNING
        edit.touch_sweep()
        return edit.sweep


# What people read where a caller does not say why.
_UNSAID = {
    FinishReason.REQUESTED: "finished by request",
    FinishReason.TERMINATED: "the terminator found that going on is not worth it",
}


@dataclass(frozen=True)
class FinishSweep(Transition):
    """To FINISHED: queued runs are canceled, running ones may end.

    `reason` is REQUESTED or TERMINATED; `message` says why, for people.
    """

    reason: FinishReason = FinishReason.REQUESTED
    message: str = ""

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(queued=True)

    def apply(self, edit: SweepEdit) -> Sweep:
        check_etag(edit.sweep, self.etag)
        _refuse_final(edit.sweep, "finished")
        end(edit, SweepState.FINISHED, self.reason, self.message or _UNSAID[self.reason])
        return edit.sweep


class CancelSweep(Transition):
    """To CANCELED: queued runs are canceled, agents of running ones are told to stop."""

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(queued=True)

    def apply(self, edit: SweepEdit) -> Sweep:
        check_etag(edit.sweep, self.etag)
        _refuse_final(edit.sweep, "canceled")
        end(edit, SweepState.CANCELED, None, "canceled by request")
        return edit.sweep


@dataclass(frozen=True)
class DeleteSweep(SingleChange[None]):
    """Away with the sweep, its runs and its metrics."""

    etag: str

    @property
    def needs_lock(self) -> bool:
        return True

    def apply(self, edit: SweepEdit) -> None:
        check_etag(edit.sweep, self.etag)
        edit.deleted = True
        edit.mutations += 1


@dataclass(frozen=True, slots=True)
class SweepUpdate:
    """New values; `fields` names those that are meant, as paths of the Sweep message."""

    fields: frozenset[str]
    name: str = ""
    description: str = ""
    run_cap: int | None = None
    early_termination: Hyperband | AlgorithmChoice | None = None
    retries: RetryPolicy = DEFAULT_RETRIES
    targets: Sequence[tuple[str, float | None]] = ()


UPDATABLE_FIELDS = (
    "name",
    "description",
    "spec.run_cap",
    "spec.early_termination",
    "spec.retries",
    "spec.metrics",
)


@dataclass(frozen=True)
class UpdateSweep(SingleChange[Sweep]):
    """Changes fields in any state."""

    etag: str
    update: SweepUpdate

    def needs(self, sweep: Sweep) -> Needs:
        return Needs(queued=True)

    def apply(self, edit: SweepEdit) -> Sweep:
        sweep, update, fields = edit.sweep, self.update, self.update.fields
        check_etag(sweep, self.etag)
        spec = sweep.spec
        if "spec.run_cap" in fields:
            spec = replace(spec, run_cap=update.run_cap)
        if "spec.early_termination" in fields:
            spec = replace(spec, early_termination=update.early_termination)
        if "spec.retries" in fields:
            spec = replace(spec, retries=update.retries)
        if "spec.metrics" in fields:
            spec = replace(spec, metrics=_with_targets(sweep, update.targets))
        problems = problems_of(spec)
        if problems:
            raise invalid_config(problems)
        sweep.spec = spec
        if "name" in fields:
            sweep.name = update.name
        if "description" in fields:
            sweep.description = update.description
        edit.touch_sweep()
        finish_if_done(edit)
        return sweep


def _with_targets(sweep: Sweep, targets: Sequence[tuple[str, float | None]]) -> tuple[Metric, ...]:
    """The metrics with new targets, by name; the empty name means the only metric."""
    metrics = {metric.name: metric for metric in sweep.spec.metrics}
    if not metrics:
        raise FailedPreconditionError(
            "NO_METRIC",
            f"sweep '{sweep.sweep_id}' has no metric, so it can't have a target",
            sweep_id=sweep.sweep_id,
        )
    for index, (given, target) in enumerate(targets):
        name = given or (next(iter(metrics)) if len(metrics) == 1 else "")
        if name not in metrics:
            known = ", ".join(metrics)
            text = f"the sweep has no metric '{name:.100}'; it has {known:.500}"
            raise invalid_request(FieldViolation(f"sweep.spec.metrics[{index}].name", text))
        metrics[name] = replace(metrics[name], target=target)
    return tuple(metrics.values())


def start(edit: SweepEdit) -> None:
    """PENDING to RUNNING."""
    edit.sweep.state = SweepState.RUNNING
    edit.sweep.start_time = edit.now
    edit.touch_sweep()


def _refuse_final(sweep: Sweep, verb: str) -> None:
    if sweep.state.is_final:
        _refuse(sweep, verb, SweepState.PENDING, SweepState.RUNNING, SweepState.PAUSED)


def _refuse(sweep: Sweep, verb: str, *allowed: SweepState) -> NoReturn:
    names = " or ".join(allowed)
    raise FailedPreconditionError(
        "SWEEP_STATE_CONFLICT",
        f"sweep '{sweep.sweep_id}' is {sweep.state}; only a {names} sweep can be {verb}",
        sweep_id=sweep.sweep_id,
        state=sweep.state,
    )
