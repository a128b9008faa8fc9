"""Threads that sweeps and projects share fairly."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from wanllmdb_common.computing.cancellation import (
    CallersGoneError,
    TookTooLongError,
    check_cancelled,
)
from wanllmdb_common.computing.fair_threads import FairScheduler, FairThreads, Owner


def spin() -> None:
    """Compute until the computation is canceled."""
    while True:
        check_cancelled()


async def test_a_project_has_half_of_the_threads_and_a_sweep_one() -> None:
    threads, may_end = FairThreads(4, "test"), threading.Event()
    greedy = [
        asyncio.create_task(threads.run(may_end.wait, Owner(f"sweep-{i % 10}", "greedy")))
        for i in range(20)
    ]
    same = [asyncio.create_task(threads.run(may_end.wait, Owner("s", "other"))) for _ in range(2)]
    await asyncio.sleep(0)
    assert (threads.running, threads.waiting) == (3, 19)
    async with asyncio.timeout(60):
        assert await threads.run(lambda: "at once", Owner("modest", "modest")) == "at once"
    may_end.set()
    assert all(await asyncio.gather(*greedy, *same))
    assert threads.running == 0
    threads.close()


async def test_those_who_leave_while_they_wait_never_compute_and_those_who_compute_end() -> None:
    threads, began, both = FairThreads(2, "test"), list[int](), threading.Barrier(3)

    def work(number: int) -> None:
        began.append(number)
        both.wait(60)
        spin()

    def compute(number: int) -> asyncio.Task[None]:
        owner = Owner(f"sweep-{number}", f"project-{number}")
        return asyncio.create_task(threads.run(lambda: work(number), owner))

    tasks = [compute(number) for number in range(10)]
    await asyncio.to_thread(both.wait, 20)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)
    assert (threads.running, threads.waiting) == (0, 0)
    assert sorted(began) == [0, 1]
    assert await threads.run(lambda: 1, Owner("s", "p")) == 1
    threads.close()


async def test_work_ends_when_no_caller_wants_it_and_when_it_takes_too_long() -> None:
    threads, wanted = FairThreads(2, "test"), threading.Event()
    wanted.set()
    task = asyncio.create_task(threads.run(spin, Owner("a", "p"), is_wanted=wanted.is_set))
    await asyncio.sleep(0.01)
    wanted.clear()
    with pytest.raises(CallersGoneError):
        await task
    with pytest.raises(CallersGoneError):
        await threads.run(lambda: 1, Owner("a", "p"), is_wanted=wanted.is_set)
    with pytest.raises(TookTooLongError):
        await threads.run(spin, Owner("a", "p"), seconds=0.01)
    assert threads.running == 0
    threads.close()


async def test_who_computed_much_waits_for_who_did_not_and_heavy_ones_leave_room() -> None:
    now = 0.0
    turns, order = FairScheduler(4, lambda: now), list[str]()

    async def take(sweep: str, project: str, seconds: float, end: asyncio.Event) -> None:
        async with turns.turn(Owner(sweep, project)) as turn:
            order.append(sweep)
            await end.wait()
            turn.seconds = seconds

    past = asyncio.Event()
    past.set()
    for i in range(3):
        await take(f"heavy-{i}", "p", 1.0 + i, past)
    order.clear()
    end = asyncio.Event()
    tasks = [asyncio.create_task(take(f"heavy-{i}", "p", 1.0, end)) for i in (2, 1, 0)]
    await asyncio.sleep(0)
    # Each of the others gets one of these few turns.
    assert (turns.running, turns.waiting) == (1, 2)
    tasks.append(asyncio.create_task(take("light", "p", 0.0, past)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == ["heavy-2", "light"]
    end.set()
    await asyncio.gather(*tasks)
    assert order == ["heavy-2", "light", "heavy-0", "heavy-1"]
    # What was long ago is forgotten.
    now = 1_000.0
    end.clear()
    tasks = [asyncio.create_task(take(f"heavy-{i}", f"p{i}", 0.0, end)) for i in range(3)]
    await asyncio.sleep(0)
    assert (turns.running, turns.waiting) == (3, 0)
    end.set()
    await asyncio.gather(*tasks)


async def test_a_turn_that_comes_as_its_caller_leaves_goes_to_the_next() -> None:
    turns = FairScheduler(1)

    async def take(end: asyncio.Event) -> None:
        async with turns.turn(Owner("s")):
            await end.wait()

    first_ends, never = asyncio.Event(), asyncio.Event()
    first = asyncio.create_task(take(first_ends))
    await asyncio.sleep(0)
    second = asyncio.create_task(take(never))
    third = asyncio.create_task(take(first_ends))
    await asyncio.sleep(0)
    first_ends.set()
    await asyncio.sleep(0)
    second.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(first, third)
    assert (turns.running, turns.waiting) == (0, 0)


async def test_the_time_of_a_busy_machine_does_not_count() -> None:
    threads = FairThreads(1, "test")

    def sleeps() -> str:
        time.sleep(0.1)
        check_cancelled()
        return "done"

    assert await threads.run(sleeps, Owner("s"), seconds=0.05) == "done"
    threads.close()
