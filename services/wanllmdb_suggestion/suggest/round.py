"""Plans one round: what the sweep's model proposes for the Suggests that wait."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_common.internal.registry.v1 import internal_registry_service_pb2 as internal_pb
from wanllmdb_common.search_space.draws import NoPointFoundError
from wanllmdb_suggestion.algorithms import require_algorithms
from wanllmdb_suggestion.errors import constraints_not_met, not_running
from wanllmdb_suggestion.optimizer.model import ASK_SECONDS, Round, Suggestions, SweepModel
from wanllmdb_suggestion.optimizer.samplers.sampler import ConstraintsNotMetError
from wanllmdb_suggestion.optimizer.types import Exhausted, SweepState
from wanllmdb_suggestion.prometheus_metrics import PROPOSALS, SAMPLING_SECONDS
from wanllmdb_suggestion.suggest.session import SweepSession
from wanllmdb_suggestion.suggest.suggest_queue import PendingSuggest

# The request ids of FinishSweep calls are derived from this one.
_FINISH_IDS = uuid.UUID("6f1d3a0e-4f0c-4a53-9a4e-0c3b8e9a7d21")

Served: TypeAlias = tuple[PendingSuggest, Suggestions]


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """The proposals of a round, before the registry stores them.

    The plan copies what its responses need of the model, which may change once the round
    releases the sweep session.

    Attributes:
        sampler: The name of the sweep's sampler.
        round: The suggestions for each Suggest, by its index.
        error: Why nothing can be proposed: the sweep was stopped, or its algorithms fail. The
            retry of an answered request still gets its first response.
        is_open: Whether the sweep still assigns runs.
        etag: The sweep's etag.
        next_check: The iteration at which a new run first asks whether it should stop.
        shortage: Why no more new runs come. The first response to a retried request, if it was
            short, is repeated with this reason, because the registry stores no reason.
        running: The number of running runs; 0 if the sweep has ended.
        end_message: Why the sweep ended.
    """

    sampler: str
    round: Round
    error: FailedPreconditionError | None
    is_open: bool
    etag: str
    next_check: int | None
    shortage: Exhausted | None
    running: int
    end_message: str

    @property
    def is_short(self) -> bool:
        """Whether a Suggest gets fewer runs than it asked for."""
        return any(found.shortage for found in self.round.suggestions.values())

    def served(self, waiting: Sequence[PendingSuggest]) -> list[Served]:
        """Return the Suggests that this round answers, with their suggestions.

        Run numbers have no gaps, so a Suggest whose caller has gone can be left out only at
        the end.
        """
        served = [(waiting[index], found) for index, found in self.round.suggestions.items()]
        while served and not served[-1][0].is_waiting:
            served.pop()
            self.round.space_exhausted = False
        return served


async def plan_round(
    session: SweepSession, model: SweepModel, waiting: Sequence[PendingSuggest], *, seconds: float
) -> RoundPlan | internal_pb.TerminateSweepRequest:
    """Propose runs for all waiting Suggests, on a thread; the caller must hold the model.

    Returns the request that finishes the sweep instead, if the terminator decides to.
    """
    closed = model.closed if isinstance(model.closed, Exhausted) else None
    planned = Round(dict.fromkeys(range(len(waiting)), Suggestions([], closed)))
    error = None
    if isinstance(model.closed, SweepState):
        error = not_running(session.sweep_id, model.closed)
    elif model.closed is None:
        try:
            require_algorithms(model.spec)
            finish = await _finish_request(session, model, waiting)
            if finish is not None:
                return finish
            planned = await _propose(session, model, waiting, seconds)
        except FailedPreconditionError as found:
            error = found
    return RoundPlan(
        sampler=model.spec.sampler.name,
        round=planned,
        error=error,
        is_open=closed is None,
        etag=model.etag,
        next_check=None if model.stop_rule is None else model.stop_rule.first_count,
        shortage=model.shortage,
        running=model.running if closed is None else 0,
        end_message=model.end_message,
    )


async def _propose(
    session: SweepSession, model: SweepModel, waiting: Sequence[PendingSuggest], seconds: float
) -> Round:
    """Raises FailedPreconditionError: CONSTRAINTS_NOT_MET."""
    sampler = model.spec.sampler.name
    ask_seconds = _ask_seconds(waiting)
    began = time.perf_counter()
    try:
        planned = await session.off_loop(
            lambda: model.propose(waiting, seconds=seconds, ask_seconds=ask_seconds),
            is_wanted=_any_waiting(waiting),
        )
    except (ConstraintsNotMetError, NoPointFoundError) as error:
        raise constraints_not_met(session.sweep_id, str(error)) from error
    SAMPLING_SECONDS.labels(sampler).observe(time.perf_counter() - began)
    PROPOSALS.labels(sampler).inc(sum(len(s.proposals) for s in planned.suggestions.values()))
    return planned


async def _finish_request(
    session: SweepSession, model: SweepModel, waiting: Sequence[PendingSuggest]
) -> internal_pb.TerminateSweepRequest | None:
    """Return the request that finishes the sweep, or None if its terminator lets it go on."""
    termination = model.termination
    if termination is None:
        return None
    why = await session.off_loop(termination.why, is_wanted=_any_waiting(waiting))
    if why is None:
        return None
    # Another replica reaches the same decision from the same state, and may send it first.
    state = f"{session.sweep_id} {model.revision} {why}"
    return internal_pb.TerminateSweepRequest(
        sweep_id=session.sweep_id,
        etag=model.etag,
        request_id=str(uuid.uuid5(_FINISH_IDS, state)),
        message=why,
    )


def _any_waiting(waiting: Sequence[PendingSuggest]) -> Callable[[], bool]:
    return lambda: any(suggest.is_waiting for suggest in waiting)


def _ask_seconds(waiting: Sequence[PendingSuggest]) -> float:
    """Return the time for the runs of one Suggest: half of the shortest time left.

    A Suggest whose runs take longer gets those that were found by then.
    """
    now = asyncio.get_running_loop().time()
    deadlines = [s.scope.deadline for s in waiting if s.scope.deadline is not None]
    return min([ASK_SECONDS, *((deadline - now) / 2 for deadline in deadlines)])
