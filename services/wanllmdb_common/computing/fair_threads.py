"""Threads shared fairly: a sweep uses at most one of them, and a project at most half."""

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

# The limit of one computation's processor time, in seconds; `check_cancelled` enforces it.
MAX_SECONDS = 30.0
# A sweep that recently computed for more seconds is heavy, and waits for other heavy sweeps too.
HEAVY_SECONDS = 0.2
# Seconds after which the recorded use of a sweep or project has decayed by half.
HALF_LIFE = 10.0
# The number of sweeps and projects whose use is recorded.
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Owner:
    """The sweep and project for which something is computed."""

    sweep: str
    project: str = ""


class FairScheduler:
    """Decides which waiting computation runs next.

    The computation whose project, and then whose sweep, recently computed least goes first. A
    project has at most half of the turns at once, and a sweep one; heavy sweeps together have
    at most an eighth. So short computations find a free turn whatever the long ones do.

    Args:
        turns: The number of computations that run at once.
        clock: Returns seconds.
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
        """The number of computations that run."""
        return self._running

    @property
    def waiting(self) -> int:
        """The number of computations that wait for a turn."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def turn(self, owner: Owner) -> AsyncIterator[Turn]:
        """Hold a turn within the block; a caller that is canceled while it waits gives it up."""
        heavy = self._take(owner)
        if heavy is None:
            granted: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._waiting[granted] = owner
            try:
                heavy = await granted
            except asyncio.CancelledError:
                if self._waiting.pop(granted, None) is None and not granted.cancelled():
                    # The turn was granted at the same moment.
                    self._leave(owner, heavy=granted.result())
                raise
        turn = Turn()
        try:
            yield turn
        finally:
            self._used.add(owner, turn.seconds)
            self._leave(owner, heavy=heavy)

    def _take(self, owner: Owner) -> bool | None:
        """Take a turn if one is free; return whether it is heavy, or None if none is free."""
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
        # Sorting is stable: among equals, the computation that has waited longest goes first.
        for granted, other in sorted(
            self._waiting.items(), key=lambda item: self._used.of(item[1])
        ):
            if self._running >= self._turns:
                return
            # A computation whose caller was canceled leaves the queue by itself.
            taken = None if granted.done() else self._take(other)
            if taken is not None:
                del self._waiting[granted]
                granted.set_result(taken)


@dataclass(slots=True)
class Turn:
    """A turn in use; its holder records how many seconds of computing it took."""

    seconds: float = 0.0


class FairThreads:
    """A thread pool whose threads a `FairScheduler` assigns.

    Args:
        threads: The number of threads.
        name: The beginning of the threads' names.
        observe_wait: Takes the seconds that a computation waited for its thread.
    """

    def __init__(
        self, threads: int, name: str, observe_wait: Callable[[float], None] = lambda seconds: None
    ) -> None:
        self._observe_wait = observe_wait
        self._turns = FairScheduler(threads)
        self._executor = ThreadPoolExecutor(threads, name)

    @property
    def running(self) -> int:
        """The number of threads that compute."""
        return self._turns.running

    @property
    def waiting(self) -> int:
        """The number of computations that wait for a thread."""
        return self._turns.waiting

    async def run(
        self,
        work: Callable[[], T],
        owner: Owner,
        *,
        is_wanted: Callable[[], bool] = lambda: True,
        seconds: float = MAX_SECONDS,
    ) -> T:
        """Return the result of `work`, computed on a thread.

        When the caller is canceled, work that has not begun never begins. Work that has begun
        ends at its next `check_cancelled`, and this call waits for that end, since the work's
        data is in use until then.

        Args:
            work: The computation.
            owner: The sweep and project that it is for.
            is_wanted: Returns whether a caller still waits; also called from the thread.
            seconds: The limit of processor time.

        Raises:
            CallersGoneError: no caller waits any more.
            TookTooLongError: the work took longer than `seconds`.
        """
        asked = time.monotonic()
        async with self._turns.turn(owner) as turn:
            self._observe_wait(time.monotonic() - asked)
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
        """Start no further work."""
        self._executor.shutdown(wait=False, cancel_futures=True)


async def _ended(job: asyncio.Future[T]) -> None:
    """Wait for the end of a job on a thread, even if this task is canceled meanwhile."""
    while not job.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([job])
    if not job.cancelled():
        # Retrieves the exception, which no caller wants, so that asyncio does not log it.
        job.exception()


class _Used:
    """The seconds that sweeps and projects recently computed, with exponential decay."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_name: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def add(self, owner: Owner, seconds: float) -> None:
        """Record a computation."""
        now = self._clock()
        for name in (("sweep", owner.sweep), ("project", owner.project)):
            self._by_name[name] = (self._at(name, now) + seconds, now)
            self._by_name.move_to_end(name)
        while len(self._by_name) > _REMEMBERED:
            self._by_name.popitem(last=False)

    def of_sweep(self, owner: Owner) -> float:
        """Return the recent seconds of the owner's sweep."""
        return self._at(("sweep", owner.sweep), self._clock())

    def of(self, owner: Owner) -> tuple[float, float]:
        """Return the recent seconds of the owner's project and of its sweep."""
        now = self._clock()
        return self._at(("project", owner.project), now), self._at(("sweep", owner.sweep), now)

    def _at(self, name: tuple[str, str], now: float) -> float:
        seconds, at = self._by_name.get(name, (0.0, now))
        return seconds * 0.5 ** ((now - at) / HALF_LIFE) if seconds else 0.0
