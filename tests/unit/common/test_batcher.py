"""Items that arrive while a batch is handled go together in the next one."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pytest

from wanllmdb_common.computing.batcher import Batcher, BatchItem


@dataclass(eq=False, slots=True)
class Square(BatchItem[int]):
    """A number to be squared."""

    number: int


class Squares:
    """Squares batches of numbers; the first batch waits until `release` is set."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.release = asyncio.Event()

    async def handle(self, batch: Sequence[Square]) -> None:
        self.batches.append([item.number for item in batch])
        await self.release.wait()
        for item in batch:
            item.resolve(item.number**2)


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_items_that_arrive_during_a_batch_share_the_next_one() -> None:
    squares = Squares()
    batcher = Batcher(squares.handle, most=3)
    first = asyncio.create_task(batcher.submit(Square(0)))
    await _settle()
    others = [asyncio.create_task(batcher.submit(Square(n))) for n in range(1, 6)]
    await _settle()
    squares.release.set()
    assert await asyncio.gather(first, *others) == [0, 1, 4, 9, 16, 25]
    assert squares.batches == [[0], [1, 2, 3], [4, 5]]


async def test_an_error_rejects_its_batch_alone() -> None:
    async def handle(batch: Sequence[Square]) -> None:
        for item in batch:
            item.resolve(1 // item.number)

    batcher = Batcher(handle, most=2)
    answers = await asyncio.gather(
        *(batcher.submit(Square(n)) for n in (1, 0, 1)), return_exceptions=True
    )
    assert answers[0] == answers[2] == 1
    assert isinstance(answers[1], ZeroDivisionError)


async def test_an_item_whose_caller_has_gone_is_left_out() -> None:
    squares = Squares()
    batcher = Batcher(squares.handle)
    first = asyncio.create_task(batcher.submit(Square(1)))
    await _settle()
    gone, stays = (asyncio.create_task(batcher.submit(Square(n))) for n in (2, 3))
    await _settle()
    gone.cancel()
    squares.release.set()
    assert [await first, await stays] == [1, 9]
    assert squares.batches == [[1], [3]]
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_an_unanswered_item_goes_into_a_later_batch_at_its_place() -> None:
    batches: list[list[int]] = []

    async def handle(batch: Sequence[Square]) -> None:
        batches.append([item.number for item in batch])
        batch[-1].resolve(0)

    batcher = Batcher(handle)
    await asyncio.gather(*(batcher.submit(Square(n)) for n in (1, 2, 3)))
    assert batches == [[1, 2, 3], [1, 2], [1]]


async def test_select_chooses_the_batch() -> None:
    squares = Squares()
    squares.release.set()

    def select(waiting: Iterable[Square]) -> list[Square]:
        numbers = list(waiting)
        return [item for item in numbers if item.number % 2 == numbers[0].number % 2]

    batcher = Batcher(squares.handle, select=select)
    await asyncio.gather(*(batcher.submit(Square(n)) for n in (1, 2, 3, 4)))
    assert squares.batches == [[1, 3], [2, 4]]


async def test_the_worker_inherits_no_context_and_reports_when_it_is_idle() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")
    seen: list[str] = []

    async def handle(batch: Sequence[Square]) -> None:
        seen.append(variable.get())
        for item in batch:
            item.resolve(0)

    batcher = Batcher(handle, on_idle=lambda: seen.append("idle"))
    variable.set("the first caller's")
    await batcher.submit(Square(1))
    await batcher.join()
    assert seen == ["none", "idle"]


async def test_stop_rejects_what_waits() -> None:
    squares = Squares()
    batcher = Batcher(squares.handle)
    tasks = [asyncio.create_task(batcher.submit(Square(n))) for n in (1, 2)]
    await _settle()
    batcher.stop(ConnectionError("stopped"))
    for task in tasks:
        with pytest.raises(ConnectionError):
            await task
    await batcher.join()


async def test_items_that_are_submitted_together_follow_each_other() -> None:
    squares = Squares()
    batcher = Batcher(squares.handle, most=4)
    squares.release.set()
    first = asyncio.create_task(batcher.submit_together([Square(1), Square(2)]))
    second = asyncio.create_task(batcher.submit(Square(3)))
    assert await first == [1, 4]
    assert await second == 9
    assert squares.batches == [[1, 2, 3]]


async def test_an_error_stands_in_its_place_among_the_answers() -> None:
    async def handle(batch: Sequence[Square]) -> None:
        for item in batch:
            if item.number:
                item.resolve(item.number)
            else:
                item.reject(ValueError("zero"))

    one, zero, two = await Batcher(handle).submit_together([Square(1), Square(0), Square(2)])
    assert (one, two) == (1, 2)
    assert isinstance(zero, ValueError)


async def test_items_whose_caller_has_gone_leave_the_queue_together() -> None:
    squares = Squares()
    batcher = Batcher(squares.handle, most=1)
    first = asyncio.create_task(batcher.submit(Square(0)))
    await _settle()
    gone = asyncio.create_task(batcher.submit_together([Square(1), Square(2)]))
    await _settle()
    gone.cancel()
    await _settle()
    squares.release.set()
    assert await first == 0
    assert await batcher.submit(Square(3)) == 9
    assert squares.batches == [[0], [3]]
