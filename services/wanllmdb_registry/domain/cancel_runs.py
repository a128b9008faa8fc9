"""`CancelRuns` stops runs at the request of a user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wanllmdb_common.errors import FieldViolation, NotFoundError, invalid_request
from wanllmdb_registry.domain.command import SingleCommand
from wanllmdb_registry.domain.model import Run, RunError, RunState, Sweep
from wanllmdb_registry.domain.sweep_events import SweepEventKind, runs_named
from wanllmdb_registry.domain.sweep_lifecycle import finish_if_done, load_plan_to_finish
from wanllmdb_registry.domain.unit_of_work import LoadPlan, UnitOfWork, run_not_found

# Missing runs that one error names.
_MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class CanceledRuns:
    """The numbers of the runs in a request, ascending, by what became of them.

    Attributes:
        sweep: The sweep.
        canceled: Runs that were queued, and are canceled.
        stopping: Runs that are running, and whose agents get the command to stop.
        ended: Runs that had ended before, and stay as they are.
    """

    sweep: Sweep
    canceled: Sequence[int]
    stopping: Sequence[int]
    ended: Sequence[int]


@dataclass(frozen=True)
class CancelRuns(SingleCommand[CanceledRuns]):
    """Cancels queued runs, and marks running runs so that their agents stop them.

    A marked run is canceled when its agent ends it, gives it back or loses its lease; it is not
    queued again. Until then its `error` is the reason, and its agent may still end it otherwise.
    """

    numbers: Sequence[int]
    reason: str

    def load_plan(self, sweep: Sweep) -> LoadPlan:
        return LoadPlan(together=frozenset(self.numbers), queued=load_plan_to_finish(sweep).queued)

    def apply(self, work: UnitOfWork) -> CanceledRuns:
        runs = self._named(work)
        marked: list[int] = []
        result = CanceledRuns(work.sweep, canceled := [], stopping := [], ended := [])
        for run in runs:
            if run.state is RunState.QUEUED:
                run.error = self._error
                work.move(run, RunState.CANCELED)
                canceled.append(run.number)
            elif run.state is RunState.RUNNING:
                if not run.stop_requested:
                    _mark(work, run, self._error)
                    marked.append(run.number)
                stopping.append(run.number)
            else:
                ended.append(run.number)
        if canceled or marked:
            work.note(SweepEventKind.RUNS_CANCELED, self._detail(canceled, marked))
        if canceled:
            finish_if_done(work)
        return result

    def _detail(self, canceled: Sequence[int], marked: Sequence[int]) -> str:
        parts = [runs_named(canceled)] if canceled else []
        if marked:
            parts.append(f"{runs_named(marked)} running until stopped by the agent")
        return " and ".join(parts) + (f": {self.reason}" if self.reason else "")

    @property
    def _error(self) -> RunError:
        return RunError(f"canceled by request: {self.reason}" if self.reason else _NO_REASON)

    def _named(self, work: UnitOfWork) -> list[Run]:
        """Return the runs with these numbers, ascending.

        Raises:
            NotFoundError: RUN_NOT_FOUND with every missing run.
            InvalidArgumentError: INVALID_REQUEST: the runs are too large to be read together.
        """
        sweep, numbers = work.sweep, sorted(self.numbers)
        missing = [number for number in numbers if number >= sweep.next_number]
        if missing:
            raise _not_found(sweep, missing)
        runs = [work.runs[number] for number in numbers if number in work.runs]
        if len(runs) < len(numbers):
            text = (
                "name runs that, with all their metrics, are too large to be canceled together: "
                f"cancel the first {len(runs):,} runs, then the others"
            )
            raise invalid_request(FieldViolation("numbers", text))
        return runs


_NO_REASON = "canceled by request"


def _mark(work: UnitOfWork, run: Run, error: RunError) -> None:
    run.stop_requested = True
    run.error = error
    work.touch(run)


def _not_found(sweep: Sweep, missing: Sequence[int]) -> NotFoundError:
    if len(missing) == 1:
        return run_not_found(sweep.sweep_id, number=missing[0])
    names = ", ".join(str(number) for number in missing[:_MAX_NAMED])
    if len(missing) > _MAX_NAMED:
        names += f" and {len(missing) - _MAX_NAMED:,} more"
    return NotFoundError(
        "RUN_NOT_FOUND",
        f"nothing was canceled: sweep '{sweep.sweep_id}' has no runs {names}",
        sweep_id=sweep.sweep_id,
        number=missing[0],
    )
