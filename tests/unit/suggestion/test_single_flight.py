"""Those who want the same thing at the same time wait for it together."""

from __future__ import annotations

import asyncio

import pytest

from wanllmdb_common.errors import UnauthenticatedError
from wanllmdb_suggestion.registry.client import RegistryClient
from wanllmdb_suggestion.rpc.authentication import CallerDirectory
from wanllmdb_suggestion.single_flight import SingleFlight


class Work:
    """Ends when told to; counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        await self.may_end.wait()
        return self.begun


async def test_one_computation_a_key_at_a_time() -> None:
    flight, work, other = SingleFlight[str, int](), Work(), Work()
    tasks = [asyncio.create_task(flight.do("a", work)) for _ in range(5)]
    tasks.append(asyncio.create_task(flight.do("b", other)))
    await asyncio.sleep(0)
    work.may_end.set()
    other.may_end.set()
    assert await asyncio.gather(*tasks) == [1] * 6
    assert (work.begun, other.begun) == (1, 1)
    assert await flight.do("a", work) == 2


async def test_who_goes_takes_nothing_from_those_who_stay() -> None:
    flight, work = SingleFlight[str, int](), Work()
    first, second = [asyncio.create_task(flight.do("a", work)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.may_end.set()
    assert await second == 1
    assert work.begun == 1


async def test_work_ends_when_its_last_caller_has_gone() -> None:
    flight, work = SingleFlight[str, int](), Work()
    ended = asyncio.Event()

    async def watched() -> int:
        try:
            return await work()
        finally:
            ended.set()

    callers = [asyncio.create_task(flight.do("a", watched)) for _ in range(2)]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    # One that comes at that very moment starts new work rather than join what is canceled.
    late = asyncio.create_task(flight.do("a", work))
    assert await asyncio.gather(*callers, return_exceptions=True)
    await asyncio.wait_for(ended.wait(), 10)
    work.may_end.set()
    assert await late == 2


async def test_an_error_is_told_to_all_and_not_kept() -> None:
    flight = SingleFlight[str, int]()

    async def fail() -> int:
        await asyncio.sleep(0)
        raise ValueError

    async def succeed() -> int:
        return 1

    told = await asyncio.gather(*(flight.do("a", fail) for _ in range(3)), return_exceptions=True)
    assert [type(error) for error in told] == [ValueError] * 3
    assert await flight.do("a", succeed) == 1


@pytest.mark.parametrize("text", ["wsk_a_ü", "wsk_a_\n", "wsk_a_\x00"])
async def test_a_key_that_no_call_could_bring_on_is_no_key(text: str) -> None:
    # A registry that is asked would be missed.
    callers = CallerDirectory(RegistryClient("127.0.0.1:1", 1.0))
    with pytest.raises(UnauthenticatedError) as refused:
        await callers.authenticate(text)
    assert refused.value.reason == "KEY_INVALID"
