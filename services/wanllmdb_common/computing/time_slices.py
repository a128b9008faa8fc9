"""Computing for callers on threads: in turns, within a time, and only while the caller waits.

What computes calls `checkpoint` again and again. There its thread lets others go first once
its turn is used up, and there it ends when its caller is gone or its time is spent.
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

# Works that compute at once. Threads share one interpreter, so more would gain nothing and
# take from the event loop.
AT_ONCE = 2
# Of one caller, so that one turn is always free for another one.
AT_ONCE_OF_ONE = 1
# Seconds of computing after which others go first.
TURN = 0.02
# Seconds of computing that one work gets in all.
MOST_SECONDS = 30.0
# Works that have begun and wait for their next turn keep what they hold in memory. Those of
# large requests hold much.
MOST_BEGUN = 64
MOST_BEGUN_OF_ONE = 16
MOST_LARGE_BEGUN = 8
MOST_LARGE_BEGUN_OF_ONE = 2


class StoppedError(Exception):
    """The caller is gone, so the work ends where it is."""


@dataclass(eq=False)
class _Work:
    """Something to compute.

    Attributes:
        caller: The caller whose turns it takes.
        is_large: Whether its request is.
        compute: Does it, and hands the outcome over.
        order: Later ones have a higher one.
        used: Seconds of computing before this turn.
        since: The thread's clock at the beginning of this turn.
        has_begun: Whether a thread carries it out.
        has_turn: Whether it may compute now.
        is_stopped: Whether its caller is gone.
        go: Set whenever its thread need not wait.
    """

    caller: str
    is_large: bool
    compute: Callable[[], None]
    order: int
    used: float = 0.0
    since: float = 0.0
    has_begun: bool = False
    has_turn: bool = False
    is_stopped: bool = False
    go: threading.Event = field(default_factory=threading.Event)


class TimeSlices:
    """Gives works their turns: the caller with the fewest first, then what has used least.

    So what takes milliseconds waits for one turn of others at most, whatever they compute,
    and a caller with much to compute waits for itself.

    Args:
        turn: Seconds of computing after which others go first.
        most_seconds: Seconds of computing that one work gets.
    """

    def __init__(self, turn: float = TURN, most_seconds: float = MOST_SECONDS) -> None:
        self._turn = turn
        self._most_seconds = most_seconds
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(MOST_BEGUN, "turns")
        self._orders = itertools.count()
        self._waiting: list[_Work] = []
        self._computing: Counter[str] = Counter()
        self._begun: Counter[str] = Counter()
        self._large_begun: Counter[str] = Counter()
        # Seconds that callers have used for works that have not ended.
        self._used: defaultdict[str, float] = defaultdict(float)

    async def compute(self, compute: Callable[[], T], caller: str, *, is_large: bool = False) -> T:
        """What `compute` gives.

        When the waiting task is canceled, the work ends at its next checkpoint, or never begins.

        Args:
            compute: Calls `checkpoint` often: at least once in some milliseconds.
            caller: The caller.
            is_large: Whether it holds megabytes.

        Raises:
            InvalidArgumentError: INVALID_REQUEST: it took longer than any work may.
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
            self._give_turns()
        try:
            return await outcome
        except asyncio.CancelledError:
            self._stop(work)
            raise

    def check(self, work: _Work) -> None:
        """For the thread that carries the work out: passes as soon as it may go on.

        Raises:
            StoppedError: the caller is gone.
            InvalidArgumentError: INVALID_REQUEST: its time is spent.
        """
        if work.is_stopped:
            raise StoppedError
        now = time.thread_time()
        taken = now - work.since
        if taken < self._turn:
            return
        with self._lock:
            work.since = now
            self._count(work, taken)
            if work.used > self._most_seconds:
                raise _too_long(self._most_seconds)
            if not self._waiting:
                return
            work.go.clear()
            self._take_turn(work)
            self._waiting.append(work)
            self._give_turns()
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
            # Its thread ends without a turn.
            work.go.set()

    def _end(self, work: _Work) -> None:
        with self._lock:
            self._begun[work.caller] -= 1
            self._large_begun[work.caller] -= work.is_large
            if work.has_turn:
                self._take_turn(work)
            if not self._begun[work.caller]:
                for counted in (self._begun, self._large_begun, self._computing, self._used):
                    cast("dict[str, float]", counted).pop(work.caller, None)
            self._give_turns()

    def _take_turn(self, work: _Work) -> None:
        work.has_turn = False
        self._computing[work.caller] -= 1

    def _give_turns(self) -> None:
        while self._computing.total() < AT_ONCE:
            able = [work for work in self._waiting if self._may_go(work)]
            if not able:
                return
            work = min(able, key=lambda each: (self._used[each.caller], each.used, each.order))
            self._waiting.remove(work)
            self._computing[work.caller] += 1
            work.has_turn = True
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
    "turn", default=None
)


def checkpoint() -> None:
    """Lets others go first where the turn is used up.

    Does nothing where nothing is computed for a caller, for example within a client.

    Raises:
        StoppedError: nothing waits for what is computed any more.
        InvalidArgumentError: INVALID_REQUEST: it took longer than any work may.
    """
    current = _current.get()
    if current is not None:
        slices, work = current
        slices.check(work)


def with_checkpoints(items: Iterable[T], every: int = 64) -> Iterator[T]:
    """The items, with a checkpoint before every 64th one."""
    for index, item in enumerate(items):
        if index % every == 0:
            checkpoint()
        yield item


def _too_long(seconds: float) -> InvalidArgumentError:
    return InvalidArgumentError(
        "INVALID_REQUEST",
        f"the request takes more than {seconds:g} s to compute, as much as a server spends on "
        "one: send less at once, for example prior runs in parts, or write fewer constraints",
        limit_seconds=f"{seconds:g}",
    )
