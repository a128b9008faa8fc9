"""Answers that are given again while no run of the sweep ends."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from google.protobuf.message import Message

from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns
from wanllmdb_suggestion.single_flight import SingleFlight

Answer = TypeVar("Answer", bound=Message)
Key = tuple[int, str, bytes]


class AnswerCache:
    """Answers by finished runs and request; the ones that were not used for longest go first."""

    def __init__(self, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[Key, Message] = OrderedDict()
        self._under_way = SingleFlight[Key, Message]()

    async def get(
        self, runs: FinishedRuns, request: Message, compute: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """The answer to the request about these runs, computed if it is not there.

        Those who ask the same at the same time wait for one computation, which ends when
        all of them have gone.
        """
        key = (
            runs.serial,
            request.DESCRIPTOR.full_name,
            # Maps have no order of their own.
            request.SerializeToString(deterministic=True),
        )
        known = self._answers.get(key)
        if known is not None:
            self._answers.move_to_end(key)
            return cast("Answer", known)

        async def computed() -> Message:
            answer = await compute()
            self.put(key, answer)
            return answer

        return cast("Answer", await self._under_way.do(key, computed))

    def put(self, key: Key, answer: Message) -> None:
        """Keeps an answer."""
        old = self._answers.pop(key, None)
        self._bytes += answer.ByteSize() - (old.ByteSize() if old is not None else 0)
        self._answers[key] = answer
        while self._bytes > self._max_bytes:
            _, dropped = self._answers.popitem(last=False)
            self._bytes -= dropped.ByteSize()
