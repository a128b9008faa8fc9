"""Scopes that a server which stops can end."""

from __future__ import annotations

import asyncio

import pytest

from wanllmdb_common.calls.draining import Drain
from wanllmdb_common.errors import UnavailableError


async def _wait(drain: Drain, entered: asyncio.Event) -> None:
    async with drain.call():
        entered.set()
        await asyncio.Event().wait()


async def test_an_open_scope_and_a_later_one_end_with_the_reason() -> None:
    drain, entered = Drain(), asyncio.Event()
    call = asyncio.create_task(_wait(drain, entered))
    await entered.wait()
    drain.end_watches()
    await asyncio.sleep(0)
    assert not call.done()
    drain.end_calls()
    drain.end_calls()
    with pytest.raises(UnavailableError) as ended:
        await call
    assert ended.value.reason == "SHUTTING_DOWN"
    # The task itself is not canceled, so that it can answer.
    assert not call.cancelling()
    with pytest.raises(UnavailableError):
        await _wait(drain, entered)


async def test_a_caller_that_leaves_is_no_end_of_the_server() -> None:
    drain, entered = Drain(), asyncio.Event()
    left, both = (asyncio.create_task(_wait(drain, entered)) for _ in range(2))
    await entered.wait()
    await asyncio.sleep(0)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    both.cancel()
    drain.end_calls()
    with pytest.raises(asyncio.CancelledError):
        await both


async def test_a_scope_that_has_ended_is_left_alone() -> None:
    drain = Drain()
    async with drain.call():
        pass
    drain.end_calls()
    await asyncio.sleep(0)
