"""Time slices: short work goes before long work, and work ends when its caller is gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from wanllmdb_common.computing.time_slices import TimeSlices, checkpoint, with_checkpoints
from wanllmdb_common.errors import InvalidArgumentError

# Far more than any of this takes, and far less than what is waited for would take in line.
SOON = 60.0


def endless(began: threading.Event, ended: threading.Event) -> Callable[[], None]:
    """Compute until the work is stopped."""

    def compute() -> None:
        began.set()
        try:
            while True:
                checkpoint()
        finally:
            ended.set()

    return compute


@pytest.fixture
def turns() -> TimeSlices:
    return TimeSlices(slice_seconds=0.005, most_seconds=600)


async def until(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, SOON)


async def test_what_is_short_does_not_wait_for_what_is_endless(turns: TimeSlices) -> None:
    began, ended = threading.Event(), threading.Event()
    long = [
        asyncio.create_task(turns.compute(endless(began, ended), caller))
        for caller in ("a", "a", "a", "b", "b")
    ]
    await until(began)
    async with asyncio.timeout(SOON):
        # Of one who computes nothing else, and of one who computes three things.
        assert await turns.compute(lambda: "short", "c") == "short"
        assert await turns.compute(lambda: "short", "a") == "short"
    for task in long:
        task.cancel()
    await asyncio.gather(*long, return_exceptions=True)


async def test_a_caller_computes_one_thing_at_a_time(turns: TimeSlices) -> None:
    computing, most = [0], [0]

    def compute() -> None:
        for _ in with_checkpoints(range(20_000), every=1):
            computing[0] += 1
            most[0] = max(most[0], computing[0])
            computing[0] -= 1

    await asyncio.gather(*(turns.compute(compute, "one") for _ in range(4)))
    assert most == [1]


async def test_what_no_caller_waits_for_ends_at_its_next_checkpoint(turns: TimeSlices) -> None:
    began, ended = threading.Event(), threading.Event()
    task = asyncio.create_task(turns.compute(endless(began, ended), "a"))
    await until(began)
    task.cancel()
    await until(ended)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_waits_for_its_next_turn_ends_too_when_its_caller_goes(
    turns: TimeSlices,
) -> None:
    events = [(threading.Event(), threading.Event()) for _ in range(3)]
    tasks = [asyncio.create_task(turns.compute(endless(*pair), "a")) for pair in events]
    for began, _ in events:
        await until(began)
    for task, (_, ended) in zip(tasks, events, strict=True):
        task.cancel()
        await until(ended)
    await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(SOON):
        assert await turns.compute(lambda: 1, "a") == 1


async def test_what_has_not_begun_never_does_when_its_caller_goes(turns: TimeSlices) -> None:
    began, ended = threading.Event(), threading.Event()
    go = threading.Event()
    # It calls no checkpoint, so that nothing else of the caller begins.
    first = asyncio.create_task(turns.compute(lambda: go.wait(SOON), "a"))
    second = asyncio.create_task(turns.compute(endless(began, ended), "a"))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go.set()
    assert await first
    assert await turns.compute(lambda: 1, "a") == 1
    assert not began.is_set()


async def test_computing_has_an_end(turns: TimeSlices) -> None:
    began, ended = threading.Event(), threading.Event()
    with pytest.raises(InvalidArgumentError, match=r"takes more than 0\.05 s to compute") as caught:
        await TimeSlices(slice_seconds=0.005, most_seconds=0.05).compute(endless(began, ended), "a")
    assert caught.value.reason == "INVALID_REQUEST"


async def test_large_requests_of_a_caller_begin_two_at_a_time(turns: TimeSlices) -> None:
    events = [(threading.Event(), threading.Event()) for _ in range(3)]
    tasks = [
        asyncio.create_task(turns.compute(endless(*pair), "a", is_large=True)) for pair in events
    ]
    for began, _ in events[:2]:
        await until(began)
    # Many turns later the third one still holds nothing.
    for _ in range(20):
        await turns.compute(lambda: None, "a")
    assert not events[2][0].is_set()
    tasks[0].cancel()
    await until(events[2][0])
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_error_reaches_the_caller(turns: TimeSlices) -> None:
    def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await turns.compute(fail, "a")
    assert await turns.compute(lambda: 1, "a") == 1


def test_without_a_caller_a_checkpoint_does_nothing() -> None:
    checkpoint()
    assert list(with_checkpoints(range(200))) == list(range(200))
