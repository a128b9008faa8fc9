"""Threads that many share: no sweep has two of them, and no project has all."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from wanllmdb_common.computing.cancellation import CallersGoneError, Computation

T = TypeVar("T")

# Seconds of one computation, of processor time; then it is given up where it asks
# `check_cancelled`.
MAX_SECONDS = 30.0
# A sweep that computed for longer of late waits for its like alone, in seconds.
HEAVY_SECONDS = 0.2
# Seconds after which half of what a sweep or a project took is forgotten.
HALF_LIFE = 10.0
# Sweeps and projects whose use is remembered.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Owner:
    """For whom something is computed."""

    sweep: str
    project: str = ""


class FairScheduler:
    """Which of those that wait may compute next.

    One that waits gets its turn before those whose project, and then whose sweep, computed
    more of late. A project has at most half of the turns at once, and a sweep one; sweeps
    that compute for long have together at most an eighth. So short computations find a
    turn free whatever the long ones do.

    Args:
        turns: How many may compute at once.
        clock: Seconds.
    """

    def __init__(self, turns: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._turns = turns
        self._of_project = (turns + 1) // 2
        self._of_heavy = max(1, turns // 8)
        self._used = _Used(clock)
        self._running = 0
        self._heavy = 0
        self._sweeps: set[str] = set()
        self._projects: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[bool], Owner] = {}

    @property
    def running(self) -> int:
        """How many compute."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many wait for a turn."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def turn(self, owner: Owner) -> AsyncIterator[Turn]:
        """A turn, for the block; who is canceled while waiting gives up the place in the line."""
        heavy = self._take(owner)
        if heavy is None:
            place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting[place] = owner
            try:
                heavy = await place
            except asyncio.CancelledError:
                if self._waiting.pop(place, None) is None and not place.cancelled():
                    # The turn came at the same moment.
                    self._leave(owner, heavy=place.result())
                raise
        turn = Turn()
        try:
            yield turn
        finally:
            self._used.add(owner, turn.seconds)
            self._leave(owner, heavy=heavy)

    def _take(self, owner: Owner) -> bool | None:
        """Enters, if there is a turn: whether as a heavy one; None where there is none."""
        if (
            self._running >= self._turns
            or owner.sweep in self._sweeps
            or self._projects[owner.project] >= self._of_project
        ):
            return None
        heavy = self._used.of_sweep(owner) > HEAVY_SECONDS
        if heavy and self._heavy >= self._of_heavy:
            return None
        self._running += 1
        self._heavy += heavy
        self._sweeps.add(owner.sweep)
        self._projects[owner.project] += 1
        return heavy

    def _leave(self, owner: Owner, *, heavy: bool) -> None:
        self._running -= 1
        self._heavy -= heavy
        self._sweeps.discard(owner.sweep)
        self._projects[owner.project] -= 1
        if not self._projects[owner.project]:
            del self._projects[owner.project]
        if not self._waiting:
            return
        # Sorting is stable: of equals the first one in the line.
        for place, other in sorted(self._waiting.items(), key=lambda item: self._used.of(item[1])):
            if self._running >= self._turns:
                return
            # One whose caller was canceled leaves the line by itself.
            taken = None if place.done() else self._take(other)
            if taken is not None:
                del self._waiting[place]
                place.set_result(taken)


@dataclass(slots=True)
class Turn:
    """A turn under way; its holder says how many seconds of computing it took."""

    seconds: float = 0.0


class FairThreads:
    """Threads, and who may compute on them next; see `FairScheduler`."""

    def __init__(self, threads: int, name: str) -> None:
        self._turns = FairScheduler(threads)
        self._executor = ThreadPoolExecutor(threads, name)

    @property
    def running(self) -> int:
        """How many threads compute."""
        return self._turns.running

    @property
    def waiting(self) -> int:
        """How many computations wait for a thread."""
        return self._turns.waiting

    async def run(
        self,
        work: Callable[[], T],
        owner: Owner,
        *,
        is_wanted: Callable[[], bool] = lambda: True,
        seconds: float = MAX_SECONDS,
    ) -> T:
        """What `work` returns, computed on a thread.

        When the caller is canceled, work that has not begun never begins. Work that has
        begun ends where it next asks `check_cancelled`, and this call waits for that end: what
        the work reads and writes is in use until then.

        Args:
            work: To be computed.
            owner: For whom.
            is_wanted: Whether a caller still waits; also asked from the thread.
            seconds: Of processor time at most.

        Raises:
            CallersGoneError: no caller waits any more.
            TookTooLongError: it took longer than `seconds`.
        """
        async with self._turns.turn(owner) as turn:
            if not is_wanted():
                raise CallersGoneError
            computation = Computation(seconds, is_wanted)
            loop = asyncio.get_running_loop()
            job = loop.run_in_executor(self._executor, computation.run, work)
            try:
                return await asyncio.shield(job)
            except asyncio.CancelledError:
                computation.cancel()
                await _ended(job)
                raise
            finally:
                turn.seconds = computation.used

    def close(self) -> None:
        """Starts nothing more."""
        self._executor.shutdown(wait=False, cancel_futures=True)


async def _ended(job: asyncio.Future[T]) -> None:
    """Waits for the end of what can't be canceled, however often the waiting one is."""
    while not job.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([job])
    if not job.cancelled():
        # What came of it concerns no caller any more.
        job.exception()


class _Used:
    """Seconds that sweeps and projects computed of late."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_name: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def add(self, owner: Owner, seconds: float) -> None:
        """Takes note of a computation."""
        now = self._clock()
        for name in (("sweep", owner.sweep), ("project", owner.project)):
            self._by_name[name] = (self._at(name, now) + seconds, now)
            self._by_name.move_to_end(name)
        while len(self._by_name) > _REMEMBERED:
            self._by_name.popitem(last=False)

    def of_sweep(self, owner: Owner) -> float:
        """By the sweep."""
        return self._at(("sweep", owner.sweep), self._clock())

    def of(self, owner: Owner) -> tuple[float, float]:
        """By the project, and by the sweep."""
        now = self._clock()
        return self._at(("project", owner.project), now), self._at(("sweep", owner.sweep), now)

    def _at(self, name: tuple[str, str], now: float) -> float:
        seconds, at = self._by_name.get(name, (0.0, now))
        return seconds * 0.5 ** ((now - at) / HALF_LIFE) if seconds else 0.0
