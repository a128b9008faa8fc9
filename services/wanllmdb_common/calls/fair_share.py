"""Bounds the concurrent calls of each caller, so that no caller crowds out the others."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import Enum


class Load(Enum):
    """The cost of a call to other callers; calls of one kind wait only for calls of that kind.

    Light calls are writes, which are committed together, so that many at once cost less than one
    after the other, and what a Suggest waits for. Reads gain little from running at once, and
    each step of another caller's call waits for a step of every one of them.
    """

    LIGHT = "light"
    READ = "read"
    HEAVY = "heavy"
    UNLIMITED = "unlimited"


@dataclass(slots=True)
class _Queue:
    """One caller's calls of one kind: the number that run, and those that wait."""

    under_way: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


@dataclass(slots=True)
class _CallerLoad:
    """One caller's calls, and when the caller last had one."""

    seen: float
    queues: dict[Load, _Queue] = field(default_factory=lambda: {load: _Queue() for load in Load})

    @property
    def is_idle(self) -> bool:
        return not any(queue.under_way or queue.waiting for queue in self.queues.values())


# The number of concurrent heavy calls of a single caller: more would only wait for each other, and
# delay callers that come later.
HEAVY_ALONE = 4
# The number of concurrent reads of one of several callers. While 32 clients of another caller send
# GetSweep, the event loop computes 11 ms for them during a CreateRuns with 8 at once, 8 ms with 2,
# and 4 ms with 1.
READS_AMONG_OTHERS = 1


class FairShare:
    """Gives a single caller any number of concurrent calls, and several callers equal shares.

    A call beyond its caller's share waits until another call of the same caller has ended, so
    a caller with few concurrent calls never waits, whatever other callers do. Of several callers,
    each may have READS_AMONG_OTHERS reads at once. Heavy calls keep a processor busy for long:
    each caller may run one at once, and a single caller HEAVY_ALONE. Unlimited calls never wait;
    they only count as present.

    Args:
        together: Concurrent light calls of all callers, where there are several callers.
        least: The smallest share of a caller, however many callers there are.
        memory: Seconds for which a caller without a call still counts as present, since a
            caller that sends one call after another pauses in between.
        clock: Returns seconds.
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
        # The caller that was seen last comes last.
        self._callers: OrderedDict[str, _CallerLoad] = OrderedDict()

    @contextlib.asynccontextmanager
    async def turn(self, caller: str, load: Load = Load.LIGHT) -> AsyncIterator[None]:
        """Run a call within the block."""
        await self.enter(caller, load)
        try:
            yield
        finally:
            self.leave(caller, load)

    async def enter(self, caller: str, load: Load = Load.LIGHT) -> None:
        """Wait until the call may run; call `leave` afterwards, unless this was canceled."""
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
                # A call that left at the same moment may have removed it already.
                if turn in queue.waiting:
                    queue.waiting.remove(turn)
            else:
                # The turn was granted at the same moment.
                self.leave(caller, load)
            raise

    def leave(self, caller: str, load: Load = Load.LIGHT) -> None:
        """End a call that had entered."""
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
        if count == 1 or load is Load.UNLIMITED:
            return math.inf
        return (
            READS_AMONG_OTHERS if load is Load.READ else max(self._least, self._together // count)
        )

    def _forget(self, now: float) -> None:
        """Drop callers that have been idle for a while, at most two, to keep each call cheap."""
        for _ in range(2):
            name, known = next(iter(self._callers.items()))
            if known.seen + self._memory > now:
                return
            if known.is_idle:
                del self._callers[name]
            else:
                # The caller has a long call.
                known.seen = now
                self._callers.move_to_end(name)
