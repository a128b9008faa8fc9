"""What a sweep's model has to say to the Suggests of one round."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from wanllmdb.api.registry.v1 import registry_service_pb2, sweep_pb2
from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_common.search_space.draws import NoPointFoundError
from wanllmdb_suggestion.algorithms import require_algorithms
from wanllmdb_suggestion.errors import constraints_not_met, not_running
from wanllmdb_suggestion.optimizer.model import (
    ASK_SECONDS,
    Round,
    Suggestions,
    SweepModel,
)
from wanllmdb_suggestion.optimizer.samplers.sampler import ConstraintsNotMetError
from wanllmdb_suggestion.optimizer.types import Exhausted, SweepState
from wanllmdb_suggestion.prometheus_metrics import PROPOSALS, SAMPLING_SECONDS
from wanllmdb_suggestion.suggest.session import SweepSession
from wanllmdb_suggestion.suggest.suggest_queue import PendingSuggest

# Ids of the requests that end sweeps are made from this one.
_ENDINGS = uuid.UUID("6f1d3a0e-4f0c-4a53-9a4e-0c3b8e9a7d21")

Served: TypeAlias = tuple[PendingSuggest, Suggestions]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be answered, unless the registry knows better.

    Attributes:
        batch: What each Suggest gets, by its place.
        closed: Why the sweep has come to its end; None while it hands out runs.
        refusal: Why nothing can be proposed: the sweep was stopped, or its algorithms can't.
            A repeated request gets its first answer all the same.
        ending: Ends the sweep instead, where its terminator says so.
        etag: The sweep's.
        next_check: See Handout.
        shortage: Why no more new runs come. An earlier answer that had too few says the same:
            its own reason is not stored.
        running: How many runs run.
        end_message: Why the sweep ended.
    """

    batch: Round
    closed: Exhausted | None
    refusal: FailedPreconditionError | None
    ending: registry_service_pb2.FinishSweepRequest | None
    etag: str
    next_check: int | None
    shortage: Exhausted | None
    running: int
    end_message: str

    @property
    def is_short(self) -> bool:
        """Whether somebody gets less than he asked for."""
        return any(allotment.shortage for allotment in self.batch.suggestions.values())

    def served(self, waiting: Sequence[PendingSuggest]) -> list[Served]:
        """Those who are answered, with what they get.

        Numbers have no gaps, so only at the end can those be left out whose caller has gone
        meanwhile.
        """
        served = [(waiting[i], found) for i, found in self.batch.suggestions.items()]
        while served and not served[-1][0].is_waiting:
            served.pop()
            self.batch.space_exhausted = False
        return served


async def plan_round(
    keeper: SweepSession, model: SweepModel, waiting: Sequence[PendingSuggest], *, seconds: float
) -> Draft:
    """Proposes for all who wait, off the event loop; for the holder of the model alone."""
    closed = model.closed if isinstance(model.closed, Exhausted) else None
    batch = Round(dict.fromkeys(range(len(waiting)), Suggestions([], closed)))
    refusal = ending = None
    if isinstance(model.closed, SweepState):
        refusal = not_running(keeper.sweep_id, model.closed)
    elif model.closed is None:
        try:
            require_algorithms(model.spec)
            ending = await _ending(keeper, model, waiting)
            if ending is None:
                batch = await _propose(keeper, model, waiting, seconds)
        except FailedPreconditionError as error:
            refusal = error
    rule = model.stop_rule
    return Draft(
        batch=batch,
        closed=closed,
        refusal=refusal,
        ending=ending,
        etag=model.etag,
        next_check=None if rule is None else rule.first_count,
        shortage=model.shortage,
        running=model.running,
        end_message=model.end_message,
    )


async def _propose(
    keeper: SweepSession, model: SweepModel, waiting: Sequence[PendingSuggest], seconds: float
) -> Round:
    """Raises FailedPreconditionError: CONSTRAINTS_NOT_MET."""
    sampler = model.spec.sampler.name
    patience = _seconds_left(waiting)
    began = time.perf_counter()
    try:
        batch = await keeper.off_loop(
            lambda: model.propose(waiting, seconds=seconds, ask_seconds=patience),
            is_wanted=_any_wanted(waiting),
        )
    except (ConstraintsNotMetError, NoPointFoundError) as error:
        raise constraints_not_met(keeper.sweep_id, str(error)) from error
    SAMPLING_SECONDS.labels(sampler).observe(time.perf_counter() - began)
    PROPOSALS.labels(sampler).inc(sum(len(a.proposals) for a in batch.suggestions.values()))
    return batch


async def _ending(
    keeper: SweepSession, model: SweepModel, waiting: Sequence[PendingSuggest]
) -> registry_service_pb2.FinishSweepRequest | None:
    """How the sweep is ended, if its terminator says so."""
    termination = model.termination
    if termination is None:
        return None
    why = await keeper.off_loop(termination.why, is_wanted=_any_wanted(waiting))
    if why is None:
        return None
    # From the same state others come to the same end, and may be faster.
    state = f"{keeper.sweep_id} {model.revision} {why}"
    return registry_service_pb2.FinishSweepRequest(
        sweep_id=keeper.sweep_id,
        etag=model.etag,
        request_id=str(uuid.uuid5(_ENDINGS, state)),
        reason=sweep_pb2.FINISH_REASON_TERMINATED,
        message=why,
    )


def _any_wanted(waiting: Sequence[PendingSuggest]) -> Callable[[], bool]:
    return lambda: any(suggest.is_waiting for suggest in waiting)


def _seconds_left(waiting: Sequence[PendingSuggest]) -> float:
    """For the runs of one Suggest: half of the time that the least patient one waits at most,
    so that it gets those that were chosen until then.
    """
    now = asyncio.get_running_loop().time()
    deadlines = [s.scope.deadline for s in waiting if s.scope.deadline is not None]
    return min([ASK_SECONDS, *((deadline - now) / 2 for deadline in deadlines)])
