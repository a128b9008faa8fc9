"""How many calls of each caller are carried out at once, so that none crowds out the others."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import Enum


class Load(Enum):
    """What a call costs the others: those of one kind wait for their like alone."""

    LIGHT = "light"
    HEAVY = "heavy"


@dataclass(slots=True)
class _Queue:
    """One caller's calls of one kind: how many are carried out, and those that wait."""

    under_way: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


@dataclass(slots=True)
class _CallerLoad:
    """One caller, and when it last had a call."""

    seen: float
    queues: dict[Load, _Queue] = field(default_factory=lambda: {load: _Queue() for load in Load})

    @property
    def is_idle(self) -> bool:
        return not any(queue.under_way or queue.waiting for queue in self.queues.values())


# Of one who is alone: more would only wait for each other, and for those who come later.
HEAVY_ALONE = 4


class FairShare:
    """Lets a caller who is alone have any number of calls at once, and several an equal number.

    A call beyond its caller's share waits until one of the same caller has ended; so a
    caller with few calls at once never waits, whatever others do. Of heavy calls, each
    of which keeps a processor busy for long, each caller has one at once, or HEAVY_ALONE.

    Args:
        together: Light calls at once of all callers, where there are several.
        least: What each may have of them at least, however many they are.
        memory: Seconds for which a caller without a call still counts as there: one
            that sends a call after the other is not away in between.
        clock: Seconds.
    """

    def __init__(
        self,
        together: int,
        least: int,
        memory: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._together = together
        self._least = least
        self._memory = memory
        self._clock = clock
        # The one that was seen last stands last.
        self._callers: OrderedDict[str, _CallerLoad] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, caller: str, load: Load = Load.LIGHT) -> AsyncIterator[None]:
        """A call, within the block."""
        await self.enter(caller, load)
        try:
            yield
        finally:
            self.leave(caller, load)

    async def enter(self, caller: str, load: Load = Load.LIGHT) -> None:
        """Waits for the turn; whoever has entered must leave, whoever was canceled must not."""
        now = self._clock()
        known = self._callers.get(caller)
        if known is None:
            known = self._callers[caller] = _CallerLoad(now)
        else:
            known.seen = now
            self._callers.move_to_end(caller)
        self._forget(now)
        queue = known.queues[load]
        if queue.under_way < self._share(load) and not queue.waiting:
            queue.under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # Unless one that left at the same moment has passed it over.
                if turn in queue.waiting:
                    queue.waiting.remove(turn)
            else:
                # The turn came at the same moment.
                self.leave(caller, load)
            raise

    def leave(self, caller: str, load: Load = Load.LIGHT) -> None:
        """Ends a call that had entered."""
        known = self._callers[caller]
        queue = known.queues[load]
        queue.under_way -= 1
        now = self._clock()
        known.seen = now
        self._callers.move_to_end(caller)
        self._forget(now)
        share = self._share(load)
        while queue.waiting and queue.under_way < share:
            turn = queue.waiting.popleft()
            if not turn.done():
                queue.under_way += 1
                turn.set_result(None)

    def _share(self, load: Load) -> float:
        count = len(self._callers)
        if load is Load.HEAVY:
            return HEAVY_ALONE if count == 1 else 1
        return float("inf") if count == 1 else max(self._least, self._together // count)

    def _forget(self, now: float) -> None:
        """Callers that have been away for a while; a few at a time, since each costs the call."""
        for _ in range(2):
            name, known = next(iter(self._callers.items()))
            if known.seen + self._memory > now:
                return
            if known.is_idle:
                del self._callers[name]
            else:
                # One long call.
                known.seen = now
                self._callers.move_to_end(name)
