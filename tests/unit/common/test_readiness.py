"""The probe is repeated even if a listener fails."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from wanllmdb_common.server import readiness as module
from wanllmdb_common.server.readiness import Readiness


class Needed:
    is_there = False

    async def probe(self) -> None:
        if not self.is_there:
            raise ConnectionError


async def test_a_failing_listener_does_not_affect_the_others() -> None:
    needed = Needed()
    readiness = Readiness("what is needed", needed.probe)
    told: asyncio.Queue[bool] = asyncio.Queue()

    def broken(_is_ready: bool) -> None:
        raise ValueError

    readiness.add_listener(broken)
    readiness.add_listener(told.put_nowait)
    watching = asyncio.create_task(readiness.watch())
    async with asyncio.timeout(60):
        assert not await told.get()
        needed.is_there = True
        assert await told.get()
    assert readiness.is_ready
    assert not watching.done()
    watching.cancel()
    await asyncio.wait([watching])


def test_the_page_states_how_many_failures_count() -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    words = {2: "Two", 3: "Three", 4: "Four"}
    assert f"{words[module.FAILURES]} failures in a row mean NOT_SERVING" in page
    assert f"without an answer fails after {module.TIMEOUT:g} s" in page


async def test_answers_that_wait_for_this_process_to_read_them_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, seconds in {"TIMEOUT": 0.02, "LATENESS": 0.02, "INTERVAL": 0.01}.items():
        monkeypatch.setattr(module, name, seconds)
    looked: asyncio.Queue[None] = asyncio.Queue()

    async def probe() -> None:
        looked.put_nowait(None)
        time.sleep(0.1)  # noqa: ASYNC251  # holds the event loop up
        await asyncio.sleep(0.001)

    readiness = Readiness("what is needed", probe)
    watching = asyncio.create_task(readiness.watch())
    async with asyncio.timeout(60):
        for _ in range(module.FAILURES + 2):
            await looked.get()
    assert readiness.is_ready
    watching.cancel()
    await asyncio.wait([watching])
