"""How many calls of each caller are carried out at once, so that none crowds out the others."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Guest:
    """One caller: its calls that are carried out, those that wait, and when it last had one."""

    seen: float
    under_way: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def is_away(self) -> bool:
        return not self.under_way and not self.waiting


class FairShare:
    """Lets a caller who is alone have any number of calls at once, and several an equal number.

    A call beyond its caller's share waits until one of the same caller has ended; so a
    caller with few calls at once never waits, whatever others do.

    Args:
        together: Calls at once of all callers, where there are several.
        least: What each may have at least, however many they are.
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

    async def enter(self, caller: str) -> None:
        """Waits for the turn; whoever has entered must leave, whoever was canceled must not."""
        now = self._clock()
        guest = self._guests.get(caller)
        if guest is None:
            guest = self._guests[caller] = _Guest(now)
        else:
            guest.seen = now
            self._guests.move_to_end(caller)
        self._forget(now)
        if guest.under_way < self._share() and not guest.waiting:
            guest.under_way += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        guest.waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                # Unless one that left at the same moment has passed it over.
                if turn in guest.waiting:
                    guest.waiting.remove(turn)
            else:
                # The turn came at the same moment.
                self.leave(caller)
            raise

    def leave(self, caller: str) -> None:
        """Ends a call that had entered."""
        guest = self._guests[caller]
        guest.under_way -= 1
        now = self._clock()
        guest.seen = now
        self._guests.move_to_end(caller)
        self._forget(now)
        share = self._share()
        while guest.waiting and guest.under_way < share:
            turn = guest.waiting.popleft()
            if not turn.done():
                guest.under_way += 1
                turn.set_result(None)

    def _share(self) -> float:
        count = len(self._guests)
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
