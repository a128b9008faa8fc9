"""What is looked for is looked for again, whatever those who are told make of it."""

from __future__ import annotations

import asyncio

from wanllmdb_common.readiness import Readiness


class Needed:
    is_there = False

    async def probe(self) -> None:
        if not self.is_there:
            raise ConnectionError


async def test_one_who_can_not_be_told_keeps_nobody_else_from_it() -> None:
    needed = Needed()
    readiness = Readiness("what is needed", needed.probe)
    told: asyncio.Queue[bool] = asyncio.Queue()

    def broken(_is_ready: bool) -> None:
        raise ValueError

    readiness.tell(broken)
    readiness.tell(told.put_nowait)
    watching = asyncio.create_task(readiness.watch())
    async with asyncio.timeout(30):
        assert not await told.get()
        needed.is_there = True
        assert await told.get()
    assert readiness.is_ready
    assert not watching.done()
    watching.cancel()
    await asyncio.wait([watching])
