"""Shares processor time among callers in time slices, with a time limit and cancellation.

Computing code calls `checkpoint` again and again. There its thread lets others go first once its
time slice is used up, and there it ends when its caller is gone or its time limit is exceeded.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from wanllmdb_common.errors import InvalidArgumentError

T = TypeVar("T")

# Works that compute at once. Threads share one interpreter lock, so more would gain nothing and
# would slow the event loop down.
AT_ONCE = 2
# Works of one caller that compute at once, so that another caller always finds a free slot.
AT_ONCE_OF_ONE = 1
# Seconds of computing after which others go first.
SLICE = 0.02
# Seconds of computing that one work gets in total.
MOST_SECONDS = 30.0
# Limits of the works that have begun, since a work that waits for its next slice keeps its data
# in memory. Works of large requests hold megabytes.
MOST_BEGUN = 64
MOST_BEGUN_OF_ONE = 16
MOST_LARGE_BEGUN = 8
MOST_LARGE_BEGUN_OF_ONE = 2


class StoppedError(Exception):
    """The caller is gone, so the work ends at this checkpoint."""


@dataclass(eq=False)
class _Work:
    """One computation for a caller.

    Attributes:
        caller: The caller whose time slices it uses.
        is_large: Whether its request is large.
        compute: Runs the computation and hands the outcome over.
        order: Its place in the order of arrival.
        used: Seconds of computing before the current slice.
        since: The thread's clock at the start of the current slice.
        has_begun: Whether a thread runs it.
        has_slice: Whether it may compute now.
        is_stopped: Whether its caller is gone.
        go: Set whenever the work's thread need not wait.
    """

    caller: str
    is_large: bool
    compute: Callable[[], None]
    order: int
    used: float = 0.0
    since: float = 0.0
    has_begun: bool = False
    has_slice: bool = False
    is_stopped: bool = False
    go: threading.Event = field(default_factory=threading.Event)


class TimeSlices:
    """Gives works time slices: first to the caller that used least, then to the work that did.

    So a work of milliseconds waits for at most one slice of another caller, and a caller with
    much to compute waits for itself.

    Args:
        slice_seconds: Seconds of computing after which others go first.
        most_seconds: Seconds of computing that one work gets in total.
    """

    def __init__(self, slice_seconds: float = SLICE, most_seconds: float = MOST_SECONDS) -> None:
        self._slice = slice_seconds
        self._most_seconds = most_seconds
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(MOST_BEGUN, "time slices")
        self._orders = itertools.count()
        self._waiting: list[_Work] = []
        self._computing: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()
        self._large_begun: Counter[str] = Counter()
        # Seconds that each caller has used while it has works that have not ended.
        self._used: defaultdict[str, float] = defaultdict(float)

    async def compute(self, compute: Callable[[], T], caller: str, *, is_large: bool = False) -> T:
        """Return the result of `compute`.

        When the waiting task is canceled, the work ends at its next checkpoint, or never begins.

        Args:
            compute: Calls `checkpoint` often, at least every few milliseconds.
            caller: The name of the caller.
            is_large: Whether the work holds megabytes.

        Raises:
            InvalidArgumentError: INVALID_REQUEST, the time limit is exceeded.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()

        def hand_over(set_outcome: Callable[[Any], None], value: Any) -> None:
            if not outcome.done():
                set_outcome(value)

        def carry_out() -> None:
            work.since = time.thread_time()
            context.run(_current.set, (self, work))
            try:
                self.check(work)
                value = context.run(compute)
            except BaseException as error:
                given: tuple[Callable[[Any], None], Any] = (outcome.set_exception, error)
            else:
                given = (outcome.set_result, value)
            self._end(work)
            if not loop.is_closed():
                loop.call_soon_threadsafe(hand_over, *given)

        work = _Work(caller, is_large, carry_out, next(self._orders))
        with self._lock:
            self._waiting.append(work)
            self._give_slices()
        try:
            return await outcome
        except asyncio.CancelledError:
            self._stop(work)
            raise

    def check(self, work: _Work) -> None:
        """Return as soon as the work may go on; called by the thread that runs the work.

        Raises:
            StoppedError: the caller is gone.
            InvalidArgumentError: INVALID_REQUEST, the time limit is exceeded.
        """
        if work.is_stopped:
            raise StoppedError
        now = time.thread_time()
        taken = now - work.since
        if taken < self._slice:
            return
        with self._lock:
            work.since = now
            self._count(work, taken)
            if work.used > self._most_seconds:
                raise _too_long(self._most_seconds)
            if not self._waiting:
                return
            work.go.clear()
            self._end_slice(work)
            self._waiting.append(work)
            self._give_slices()
        work.go.wait()
        if work.is_stopped:
            raise StoppedError

    def _count(self, work: _Work, seconds: float) -> None:
        work.used += seconds
        self._used[work.caller] += seconds

    def _stop(self, work: _Work) -> None:
        with self._lock:
            work.is_stopped = True
            if work in self._waiting:
                self._waiting.remove(work)
            # Its thread ends without a slice.
            work.go.set()

    def _end(self, work: _Work) -> None:
        with self._lock:
            self._begun[work.caller] -= 1
            self._large_begun[work.caller] -= work.is_large
            if work.has_slice:
                self._end_slice(work)
            if not self._begun[work.caller]:
                for counted in (self._begun, self._large_begun, self._computing, self._used):
                    cast("dict[str, float]", counted).pop(work.caller, None)
            self._give_slices()

    def _end_slice(self, work: _Work) -> None:
        work.has_slice = False
        self._computing[work.caller] -= 1

    def _give_slices(self) -> None:
        while self._computing.total() < AT_ONCE:
            able = [work for work in self._waiting if self._may_go(work)]
            if not able:
                return
            work = min(able, key=lambda each: (self._used[each.caller], each.used, each.order))
            self._waiting.remove(work)
            self._computing[work.caller] += 1
            work.has_slice = True
            if work.has_begun:
                work.go.set()
                continue
            work.has_begun = True
            self._begun[work.caller] += 1
            self._large_begun[work.caller] += work.is_large
            self._threads.submit(work.compute)

    def _may_go(self, work: _Work) -> bool:
        if self._computing[work.caller] >= AT_ONCE_OF_ONE:
            return False
        if work.has_begun:
            return True
        if work.is_large and (
            self._large_begun.total() >= MOST_LARGE_BEGUN
            or self._large_begun[work.caller] >= MOST_LARGE_BEGUN_OF_ONE
        ):
            return False
        return self._begun.total() < MOST_BEGUN and self._begun[work.caller] < MOST_BEGUN_OF_ONE


_current: contextvars.ContextVar[tuple[TimeSlices, _Work] | None] = contextvars.ContextVar(
    "time_slices", default=None
)


def checkpoint() -> None:
    """Let others go first where the time slice is used up.

    Does nothing outside of `TimeSlices.compute`, for example within a client.

    Raises:
        StoppedError: the caller is gone.
        InvalidArgumentError: INVALID_REQUEST, the time limit is exceeded.
    """
    current = _current.get()
    if current is not None:
        scheduler, work = current
        scheduler.check(work)


def with_checkpoints(items: Iterable[T], every: int = 64) -> Iterator[T]:
    """Yield the items, with a checkpoint before every `every`-th one."""
    for index, item in enumerate(items):
        if index % every == 0:
            checkpoint()
        yield item


def _too_long(seconds: float) -> InvalidArgumentError:
    return InvalidArgumentError(
        "INVALID_REQUEST",
        f"the request takes more than {seconds:g} s to compute, the limit for one request: "
        "send less at once, for example prior runs in parts, or write fewer constraints",
        limit_seconds=f"{seconds:g}",
    )
