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
class _Lane:
    """One caller's calls of one kind: how many are carried out, and those that wait."""

    under_way: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


@dataclass(slots=True)
class _Guest:
    """One caller, and when it last had a call."""

    seen: float
    lanes: dict[Load, _Lane] = field(default_factory=lambda: {load: _Lane() for load in Load})

    @property
    def is_away(self) -> bool:
        return not any(lane.under_way or lane.waiting for lane in self.lanes.values())


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
        self._guests: OrderedDict[str, _Guest] = OrderedDict()

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
        guest = self._guests.get(caller)
        if guest is None:
            guest = self._guests[caller] = _Guest(now)
        else:
            guest.seen = now
            self._guests.move_to_end(caller)
        self._forget(now)
        lane = guest.lanes[load]
        if lane.under_way < self._share(load) and not lane.waiting:
            lane.under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        lane.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # Unless one that left at the same moment has passed it over.
                if turn in lane.waiting:
                    lane.waiting.remove(turn)
            else:
                # The turn came at the same moment.
                self.leave(caller, load)
            raise

    def leave(self, caller: str, load: Load = Load.LIGHT) -> None:
        """Ends a call that had entered."""
        guest = self._guests[caller]
        lane = guest.lanes[load]
        lane.under_way -= 1
        now = self._clock()
        guest.seen = now
        self._guests.move_to_end(caller)
        self._forget(now)
        share = self._share(load)
        while lane.waiting and lane.under_way < share:
            turn = lane.waiting.popleft()
            if not turn.done():
                lane.under_way += 1
                turn.set_result(None)

    def _share(self, load: Load) -> float:
        count = len(self._guests)
        if load is Load.HEAVY:
            return HEAVY_ALONE if count == 1 else 1
        return float("inf") if count == 1 else max(self._least, self._together // count)

    def _forget(self, now: float) -> None:
        """Callers that have been away for a while; a few at a time, since each costs the call."""
        for _ in range(2):
            name, guest = next(iter(self._guests.items()))
            if guest.seen + self._memory > now:
                return
            if guest.is_away:
                del self._guests[name]
            else:
                # One long call.
                guest.seen = now
                self._guests.move_to_end(name)
