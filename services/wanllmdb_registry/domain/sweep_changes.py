"""Mutations of a sweep's own fields and state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from wanllmdb_common.errors import (
    AbortedError,
    FailedPreconditionError,
    ServiceError,
)
from wanllmdb_registry.domain.change import SingleChange
from wanllmdb_registry.domain.edit import Needs, SweepEdit
from wanllmdb_registry.domain.model import (
    FinishReason,
    Sweep,
    SweepSpec,
    SweepState,
)
from wanllmdb_registry.domain.sweep_end import end


class SpecChangedError(ServiceError):
    """What was worked out before the transaction holds for another spec. Reaches no caller."""

    def __init__(self) -> None:
        super().__init__("WRITE_CONFLICT", "the spec was changed meanwhile")


def require_spec(sweep: Sweep, spec: SweepSpec) -> None:
    """Passes where the sweep still has the spec for which something was worked out.

    Raises:
        SpecChangedError: it has another one.
    """
    # The same object mostly, since specs are parsed once.
    if sweep.spec is not spec and sweep.spec != spec:
        raise SpecChangedError


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
