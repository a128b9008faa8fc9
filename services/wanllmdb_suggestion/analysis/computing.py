"""Computes analyses on threads, and importances in a process; caches the responses."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import ParamSpec, TypeVar

import optuna
from google.protobuf.message import Message
from threadpoolctl import threadpool_limits

from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb_common.computing.cancellation import TookTooLongError
from wanllmdb_common.computing.fair_threads import FairScheduler, FairThreads, Owner
from wanllmdb_common.errors import OverloadedError
from wanllmdb_suggestion.errors import took_too_long
from wanllmdb_suggestion.optimizer.importance.importance import ImportanceData, importances
from wanllmdb_suggestion.optimizer.statistics.finished_runs import FinishedRuns
from wanllmdb_suggestion.single_flight import SingleFlight

Importances = list[tuple[str, float]]

# The most results kept. The same finished runs give the same result.
_KEPT = 256

# The time limit of a computation in a process that runs. The largest forest allowed takes less.
MAX_SECONDS = 60.0

# The most computations that wait for the one that runs.
_MAX_WAITING = 16


class ImportanceWorker:
    """A process that computes one importance at a time, started when first needed.

    Importances take seconds and hold the interpreter, so threads would not do. `FairScheduler`
    orders the computations: sweeps and projects that used little time recently go first.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._pid: int | None = None
        self._starting = SingleFlight[None, ProcessPoolExecutor]()
        self._turns = FairScheduler(1)
        self._under_way = SingleFlight[bytes, Importances]()
        self._answers: OrderedDict[bytes, Importances] = OrderedDict()

    async def compute(self, data: ImportanceData, owner: Owner) -> Importances:
        """Return the importances of parameters; see `optimizer.importance`.

        Callers with the same data share one computation. The computation and its process end
        when all of these callers are canceled, or after `MAX_SECONDS`.

        Args:
            data: The runs.
            owner: The sweep and the project that the computation is charged to.

        Raises:
            OverloadedError: too many computations wait, or this one takes too long.
        """
        key = data.digest()
        known = self._answers.get(key)
        if known is None:
            known = await self._under_way.do(key, lambda: self._in_turn(data, owner))
            self._answers[key] = known
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        return known

    async def _in_turn(self, data: ImportanceData, owner: Owner) -> Importances:
        if self._turns.waiting >= _MAX_WAITING:
            raise OverloadedError(
                "OVERLOADED", "too many importances are being computed; retry later", 10.0
            )
        async with self._turns.turn(owner) as turn:
            began = time.monotonic()
            try:
                return await self._run(data)
            except TimeoutError:
                raise took_too_long(owner.sweep, TookTooLongError(MAX_SECONDS)) from None
            finally:
                turn.seconds = time.monotonic() - began

    async def _run(self, data: ImportanceData) -> Importances:
        try:
            return await self._in_process(data)
        except BrokenProcessPool:
            # The process was killed. A computation has no side effects, so it can run again.
            self._end_process()
            return await self._in_process(data)

    async def _in_process(self, data: ImportanceData) -> Importances:
        pool = await self._starting.do(None, self._started)
        job = asyncio.get_running_loop().run_in_executor(pool, importances, data)
        try:
            # The start of the process does not count: on a busy machine it takes longer than most
            # computations.
            async with asyncio.timeout(MAX_SECONDS):
                return await job
        except (asyncio.CancelledError, TimeoutError):
            # A computing process can't be stopped in any other way.
            self._end_process()
            raise

    async def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A process that uses gRPC must not be forked.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_prepare_process)
        pool = self._pool
        if self._pid is None:
            self._pid = await asyncio.get_running_loop().run_in_executor(pool, os.getpid)
        return pool

    def _end_process(self) -> None:
        """Kill the process; the next computation starts a new one."""
        pool, pid = self._pool, self._pid
        self._pool = self._pid = None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill the process."""
        self._end_process()


def _prepare_process() -> None:
    # Ctrl-C reaches the whole process group, but the parent decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # A killed parent can't stop this process.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # The import takes seconds, which belong to the start.
    importlib.import_module("sklearn.ensemble")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


P = ParamSpec("P")
T = TypeVar("T")

# Each computing thread makes the event loop wait for the interpreter.
_THREADS = 2


class AnalysisThreads:
    """Threads for analyses; each sweep and each project has at most one at a time."""

    def __init__(self) -> None:
        self._threads = FairThreads(_THREADS, "computations")

    async def run(self, owner: Owner, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the result of `work`, which ends early if the caller is canceled.

        Linear algebra gets one thread: on small matrices, more threads cost more than they
        save, up to fifty times for the thousands of triangles of a contour.

        Raises:
            OverloadedError: OVERLOADED: the work takes too long.
        """

        def alone() -> T:
            with threadpool_limits(1, user_api="blas"):
                return work(*args, **kwargs)

        try:
            return await self._threads.run(alone, owner)
        except TookTooLongError as error:
            raise took_too_long(owner.sweep, error) from error

    def close(self) -> None:
        """Start no more work."""
        self._threads.close()


# The responses about the finished runs of one sweep.
Analysis = (
    pb.GetParameterImportanceResponse
    | pb.GetOptimizationHistoryResponse
    | pb.GetHypervolumeHistoryResponse
    | pb.GetSlicesResponse
    | pb.GetContourResponse
    | pb.GetCorrelationsResponse
)
Key = tuple[int, str, bytes]


class AnswerCache:
    """Encoded responses by finished runs and request; the least recently used are dropped first.

    A response stays valid until another run of the sweep finishes. Until then its revision rises
    with that of the runs: the sweep's other changes do not alter it.
    """

    def __init__(self, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[Key, bytes] = OrderedDict()
        self._under_way = SingleFlight[Key, bytes]()

    async def get(
        self,
        runs: FinishedRuns,
        request: Message,
        response: type[Analysis],
        compute: Callable[[], Awaitable[bytes]],
    ) -> bytes:
        """Return the response to a request about these runs, computed if it is not cached.

        Callers with the same request share one computation, which ends when all of them have
        gone.

        Args:
            runs: The runs.
            request: The request.
            response: The type of the response.
            compute: Checks the request, which was valid where the response is cached, and returns
                the response, encoded without a revision.
        """
        key = (
            runs.serial,
            request.DESCRIPTOR.full_name,
            # Maps have no fixed order.
            request.SerializeToString(deterministic=True),
        )
        answer = self._answers.get(key)
        if answer is None:

            async def computed() -> bytes:
                answer = await compute()
                self.put(key, answer)
                return answer

            answer = await self._under_way.do(key, computed)
        else:
            self._answers.move_to_end(key)
        # The bytes of two messages, one after the other, are those of a message with the fields
        # of both.
        return answer + response(revision=runs.revision).SerializeToString()

    def put(self, key: Key, answer: bytes) -> None:
        """Store a response, and drop others beyond the size limit."""
        self._bytes += len(answer) - len(self._answers.pop(key, b""))
        self._answers[key] = answer
        while self._bytes > self._max_bytes:
            _, dropped = self._answers.popitem(last=False)
            self._bytes -= len(dropped)
