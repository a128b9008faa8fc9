"""Selects the waiting Suggests of a sweep that are answered in one round."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.computing.batcher import BatchItem
from wanllmdb_suggestion.registry.client import CallScope
from wanllmdb_suggestion.suggest.ended_runs import EndedRuns

# The most ends of one round, and their bytes: the proposals of a round share a message with them.
MAX_ENDS = 1_000
MAX_ENDED_BYTES = 1024 * 1024


@dataclass(eq=False, slots=True)
class PendingSuggest(BatchItem[pb.SuggestResponse]):
    """One Suggest that waits for its response.

    Attributes:
        request_id: The request id, the caller's or one made for the call.
        agent_id: The agent that will execute the runs.
        count: The number of runs wanted, at least 1.
        scope: The call that the Suggest belongs to.
        ended: The ends of runs that came with the Suggest.
        tries: The number of rounds whose proposals for this Suggest the registry rejected.
        alone: Whether this Suggest must share no round with others, because it may have
            caused an error that failed theirs.
        queued: When the Suggest was queued, in seconds of `time.perf_counter`.
    """

    request_id: str
    agent_id: str
    count: int
    scope: CallScope
    ended: EndedRuns = field(default_factory=EndedRuns)
    tries: int = 0
    alone: bool = False
    queued: float = field(default_factory=time.perf_counter)


def select_round(waiting: Iterable[PendingSuggest], most: int) -> list[PendingSuggest]:
    """Return the Suggests of the next round, at most `most`, in the order of their arrival.

    All of them have the key of the first one: they share calls of the registry, which
    authorizes each call by its key. No two of them have the same request id: the second is a
    retry, and gets the response of the first in a later round. Their ends of runs fit into one
    call, unless those of the first alone do not.
    """
    selected: list[PendingSuggest] = []
    ids: set[str] = set()
    ends = size = 0
    for suggest in waiting:
        if suggest.request_id in ids:
            continue
        if selected and suggest.scope.key_text != selected[0].scope.key_text:
            continue
        if suggest.alone:
            if not selected:
                return [suggest]
            continue
        if suggest.ended.is_open:
            ends += len(suggest.ended.requests)
            size += suggest.ended.size
            if selected and (ends > MAX_ENDS or size > MAX_ENDED_BYTES):
                break
        selected.append(suggest)
        ids.add(suggest.request_id)
        if len(selected) == most:
            break
    return selected


def scope_of(suggests: Sequence[PendingSuggest]) -> CallScope:
    """Return the scope of a registry call for several Suggests with one key.

    The call may take as long as the most patient caller waits. A call has one request id and
    one trace: those of the first Suggest that has them.
    """
    deadlines = [suggest.scope.deadline for suggest in suggests]
    known = [deadline for deadline in deadlines if deadline is not None]
    return CallScope(
        request_id=next((s.scope.request_id for s in suggests if s.scope.request_id), ""),
        deadline=max(known) if len(known) == len(deadlines) else None,
        key_text=suggests[0].scope.key_text,
        trace=suggests[0].scope.trace,
    )
