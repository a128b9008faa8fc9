"""Suggests that wait on one sweep, and which of them are answered together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb_suggestion.optimizer.types import Exhausted
from wanllmdb_suggestion.registry.client import CallScope

# How often a Suggest whose proposals met another writer's goes round again.
MAX_TRIES = 25


@dataclass(frozen=True, slots=True)
class Handout:
    """What a Suggest got; `shortage` says why it is less than asked for and no more comes.

    `message` says why a terminated sweep ended. `resumed` tells of runs that the agent held
    before; `running` counts those of others that may come back to be handed out.
    """

    runs: Sequence[run_pb2.Run]
    shortage: Exhausted | None
    next_check: int | None
    message: str = ""
    resumed: bool = False
    running: int = 0


@dataclass(eq=False, slots=True)
class PendingSuggest:
    """One Suggest.

    Attributes:
        request_id: The caller's.
        agent_id: Who will work on the runs.
        count: How many are wanted, at least 1.
        scope: On whose behalf.
        answer: Resolved with what it got; canceled when the caller has gone.
        tries: How often it was proposed for and turned down.
        alone: Whether it must not share a request with others, as it may be the
            reason why theirs failed.
    """

    request_id: str
    agent_id: str
    count: int
    scope: CallScope
    answer: asyncio.Future[Handout]
    tries: int = 0
    alone: bool = False

    @property
    def is_waiting(self) -> bool:
        """Whether somebody still waits for the answer."""
        return not self.answer.done()

    def resolve(self, handout: Handout) -> None:
        """Answers, unless the caller has gone."""
        if self.is_waiting:
            self.answer.set_result(handout)

    def reject(self, error: Exception) -> None:
        """Fails it, unless the caller has gone."""
        if self.is_waiting:
            self.answer.set_exception(error)


@dataclass(slots=True)
class SuggestQueue:
    """The waiting Suggests of one sweep, in the order of their arrival."""

    _line: dict[PendingSuggest, None] = field(default_factory=dict)

    def join(self, suggest: PendingSuggest) -> None:
        """At the end."""
        self._line[suggest] = None

    def leave(self, suggest: PendingSuggest) -> None:
        """When it has its answer, or its caller has gone."""
        self._line.pop(suggest, None)

    def together(self, most: int) -> list[PendingSuggest]:
        """Those to be answered next, at most `most`; they stay in the line.

        All of them have the key of the first one: they share calls of the registry, which
        judges each by its key. Two with the same request id are never in one answer: the
        second is a repetition, to be told what the first one got.
        """
        batch: list[PendingSuggest] = []
        ids: set[str] = set()
        for suggest in self._line:
            if not suggest.is_waiting or suggest.request_id in ids:
                continue
            if batch and suggest.scope.key_text != batch[0].scope.key_text:
                continue
            if suggest.alone:
                if not batch:
                    return [suggest]
                continue
            batch.append(suggest)
            ids.add(suggest.request_id)
            if len(batch) == most:
                break
        return batch

    def drain(self) -> list[PendingSuggest]:
        """Empties the line."""
        everyone = list(self._line)
        self._line.clear()
        return everyone


def scope_of(batch: Sequence[PendingSuggest]) -> CallScope:
    """The scope of a call for several with one key: as long as the most patient one waits, and
    the first request id and trace, since a call has one.
    """
    deadlines = [suggest.scope.deadline for suggest in batch]
    known = [deadline for deadline in deadlines if deadline is not None]
    return CallScope(
        request_id=next((s.scope.request_id for s in batch if s.scope.request_id), ""),
        deadline=max(known) if len(known) == len(deadlines) else None,
        key_text=batch[0].scope.key_text,
        trace=batch[0].scope.trace,
    )
