"""Carry out the faults of a schedule."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Sequence

from tests.robustness.platform import Platform
from tests.robustness.proxy import Side
from tests.robustness.schedule import Fault, FaultKind


class Injector:
    """Applies faults to a platform and records their times.

    Attributes:
        kills: The times at which a process was killed, by time.monotonic.
        done: The number of faults of each kind, counted once a target.
    """

    def __init__(self, platform: Platform) -> None:
        self.kills: list[float] = []
        self.done: Counter[str] = Counter()
        self._platform = platform
        # A process that is being killed and restarted is skipped by other kills.
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def run(self, faults: Sequence[Fault], begin: float) -> None:
        """Apply all faults at their times, counted from `begin`, then heal the platform."""
        try:
            async with asyncio.TaskGroup() as group:
                for fault in faults:
                    group.create_task(self._inject(fault, begin))
        finally:
            await self._platform.heal()

    async def _inject(self, fault: Fault, begin: float) -> None:
        await asyncio.sleep(max(0.0, begin + fault.at - time.monotonic()))
        self.done[fault.kind] += len(fault.targets)
        match fault.kind:
            case FaultKind.KILL:
                await self._kill(fault)
            case FaultKind.FREEZE:
                for name in fault.targets:
                    self._platform.freeze(name)
                await asyncio.sleep(fault.seconds)
                for name in fault.targets:
                    self._platform.thaw(name)
            case FaultKind.RENEW:
                for name in fault.targets:
                    self._platform.renew(name)
            case FaultKind.SPOIL:
                for name in fault.targets:
                    self._platform.spoil_certificate(name)
                await asyncio.sleep(fault.seconds)
                for name in fault.targets:
                    self._platform.renew(name)
            case _:
                for name in fault.targets:
                    self._disturb(name, fault)
                await asyncio.sleep(fault.seconds)
                for name in fault.targets:
                    self._platform.links[name].clear()

    async def _kill(self, fault: Fault) -> None:
        async with contextlib.AsyncExitStack() as stack:
            for name in sorted(fault.targets):
                await stack.enter_async_context(self._locks[name])
            self.kills.append(time.monotonic())
            await self._platform.kill(fault.targets)
            await asyncio.sleep(fault.seconds)
            await self._platform.start(fault.targets)

    def _disturb(self, name: str, fault: Fault) -> None:
        proxy = self._platform.links[name]
        match fault.kind:
            case FaultKind.DELAY:
                proxy.weather.delay = fault.amount
            case FaultKind.STALL:
                proxy.stall()
            case FaultKind.REFUSE:
                proxy.weather.refuses = True
                proxy.drop_all()
            case FaultKind.CUT_REQUESTS:
                proxy.weather.cut, proxy.weather.cuts = Side.CLIENT, int(fault.amount)
            case FaultKind.CUT_REPLIES:
                proxy.weather.cut, proxy.weather.cuts = Side.SERVER, int(fault.amount)
