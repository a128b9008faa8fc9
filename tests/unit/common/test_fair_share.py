"""Callers get fair shares of the server."""

from __future__ import annotations

import asyncio

from wanllmdb_common.calls.fair_share import HEAVY_ALONE, READS_AMONG_OTHERS, FairShare, Load


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def entered(
    share: FairShare, caller: str, count: int, load: Load = Load.LIGHT
) -> list[asyncio.Task[None]]:
    """Return calls that have tried to enter; the tasks of waiting calls are not done."""
    tasks = [asyncio.create_task(share.enter(caller, load)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def done(tasks: list[asyncio.Task[None]]) -> int:
    return sum(task.done() for task in tasks)


async def test_a_caller_who_is_alone_has_no_share_to_keep_to() -> None:
    share = FairShare(together=4, least=1)
    assert done(await entered(share, "a", 100)) == 100


async def test_one_with_few_calls_never_waits_for_one_with_many() -> None:
    share = FairShare(together=4, least=1)
    await entered(share, "flood", 100)
    assert done(await entered(share, "a", 2)) == 2


async def test_several_get_equal_shares_and_the_rest_waits_in_order() -> None:
    share = FairShare(together=4, least=1)
    await entered(share, "a", 1)
    calls = await entered(share, "b", 5)
    assert [call.done() for call in calls] == [True, True, False, False, False]
    share.leave("b")
    await asyncio.sleep(0)
    assert [call.done() for call in calls] == [True, True, True, False, False]


async def test_everybody_has_the_least() -> None:
    share = FairShare(together=4, least=3)
    for name in range(10):
        assert done(await entered(share, f"caller {name}", 3)) == 3
    assert done(await entered(share, "caller 5", 1)) == 0


async def test_a_flood_that_began_alone_shrinks_to_its_share() -> None:
    share = FairShare(together=4, least=1)
    await entered(share, "flood", 10)
    await entered(share, "a", 1)
    waiting = await entered(share, "flood", 1)
    for _ in range(8):
        share.leave("flood")
        await asyncio.sleep(0)
        assert done(waiting) == 0
    share.leave("flood")
    await asyncio.sleep(0)
    assert done(waiting) == 1


async def test_the_share_grows_again_when_the_others_have_been_idle_for_a_while() -> None:
    clock = Clock()
    share = FairShare(together=4, least=1, memory=1.0, clock=clock)
    await entered(share, "a", 1)
    share.leave("a")
    calls = await entered(share, "b", 10)
    assert done(calls) == 2
    clock.now = 0.9
    assert done(await entered(share, "b", 1)) == 0
    clock.now = 2.0
    share.leave("b")
    await asyncio.sleep(0)
    assert done(calls) == 10


async def test_a_call_that_is_given_up_while_it_waits_holds_nothing() -> None:
    share = FairShare(together=2, least=1)
    await entered(share, "a", 1)
    _, second, third = await entered(share, "b", 3)
    second.cancel()
    await asyncio.sleep(0)
    share.leave("b")
    await asyncio.sleep(0)
    assert third.done()
    assert second.cancelled()


async def test_a_call_that_is_given_up_as_its_turn_comes_passes_it_on() -> None:
    share = FairShare(together=2, least=1)
    await entered(share, "a", 1)
    _, second, third = await entered(share, "b", 3)
    share.leave("b")
    second.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert third.done()


async def test_callers_who_are_gone_are_forgotten() -> None:
    clock = Clock()
    share = FairShare(together=4, least=1, clock=clock)
    for name in range(1_000):
        clock.now += 10
        await share.enter(f"caller {name}")
        share.leave(f"caller {name}")
    assert len(share._callers) <= 2


async def test_one_that_gives_up_as_another_leaves_gives_up() -> None:
    share = FairShare(together=2, least=1)
    await entered(share, "a", 1)
    first, second, third = await entered(share, "b", 3)
    assert first.done()
    second.cancel()
    share.leave("b")
    await asyncio.wait([second, third])
    assert second.cancelled()
    assert not third.cancelled()


async def test_of_heavy_calls_each_has_one_at_once_and_light_ones_pass_them() -> None:
    share = FairShare(together=16, least=8)
    await entered(share, "a", 1)
    heavy = await entered(share, "b", 3, Load.HEAVY)
    assert done(heavy) == 1
    assert done(await entered(share, "b", 8)) == 8
    assert done(await entered(share, "a", 1, Load.HEAVY)) == 1
    share.leave("b", Load.HEAVY)
    await asyncio.sleep(0)
    assert done(heavy) == 2


async def test_heavy_calls_of_one_who_is_alone_are_bounded_too() -> None:
    share = FairShare(together=16, least=8)
    assert done(await entered(share, "a", 30, Load.HEAVY)) == HEAVY_ALONE
    assert done(await entered(share, "a", 30)) == 30


async def test_of_several_each_has_one_read_at_once_and_light_ones_pass_it() -> None:
    share = FairShare(together=16, least=8)
    await entered(share, "a", 1)
    reads = await entered(share, "b", 64, Load.READ)
    assert done(reads) == READS_AMONG_OTHERS
    assert done(await entered(share, "b", 8)) == 8
    assert done(await entered(share, "a", 1, Load.READ)) == 1
    share.leave("b", Load.READ)
    await asyncio.sleep(0)
    assert done(reads) == READS_AMONG_OTHERS + 1


async def test_reads_of_one_who_is_alone_do_not_wait() -> None:
    share = FairShare(together=16, least=8)
    assert done(await entered(share, "a", 100, Load.READ)) == 100


async def test_unlimited_calls_never_wait_and_make_others_share() -> None:
    share = FairShare(together=16, least=8)
    assert done(await entered(share, "agents", 100, Load.UNLIMITED)) == 100
    assert done(await entered(share, "reader", 100, Load.READ)) == READS_AMONG_OTHERS
    assert done(await entered(share, "agents", 1, Load.UNLIMITED)) == 1
