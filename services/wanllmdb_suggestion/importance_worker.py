"""Computes importances in a process of its own: they take seconds and hold the interpreter."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import optuna

from wanllmdb_common.computing.cancellation import TookTooLongError
from wanllmdb_common.computing.fair_threads import FairScheduler, Owner
from wanllmdb_common.errors import OverloadedError
from wanllmdb_suggestion.refusals import took_too_long
from wanllmdb_suggestion.single_flight import SingleFlight
from wanllmdb_suggestion.study.statistics.importance import ImportanceData, importances

Importances = list[tuple[str, float]]

# Answers that are kept; the same finished runs give the same answer.
_KEPT = 256

# Of one computation; a forest over as many runs and columns as it may have takes less.
MAX_SECONDS = 60.0

# Computations that may wait for the one that runs.
_MAX_WAITING = 16


class ImportanceWorker:
    """A process that computes importances one after the other, started when first needed.

    Whose turn is next goes by `FairScheduler`: before those whose project or sweep took
    much of late.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._pid: int | None = None
        self._starting = SingleFlight[None, ProcessPoolExecutor]()
        self._turns = FairScheduler(1)
        self._under_way = SingleFlight[bytes, Importances]()
        self._answers: OrderedDict[bytes, Importances] = OrderedDict()

    async def compute(self, data: ImportanceData, owner: Owner) -> Importances:
        """See `study.statistics.importance`.

        Callers with the same data share one computation. It ends, and its process with
        it, when all of them are canceled, or after `MAX_SECONDS`.

        Args:
            data: The runs.
            owner: For whom.

        Raises:
            OverloadedError: too many are under way, or it takes too long.
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
                "OVERLOADED", "too many importances are being computed; come again later", 10.0
            )
        async with self._turns.turn(owner) as turn:
            began = time.monotonic()
            try:
                async with asyncio.timeout(MAX_SECONDS):
                    return await self._run(data)
            except TimeoutError:
                raise took_too_long(owner.sweep, TookTooLongError(MAX_SECONDS)) from None
            finally:
                turn.seconds = time.monotonic() - began

    async def _run(self, data: ImportanceData) -> Importances:
        try:
            return await self._in_process(data)
        except BrokenProcessPool:
            # Something killed the process; what it was at has no effects but its answer.
            self._end_process()
            return await self._in_process(data)

    async def _in_process(self, data: ImportanceData) -> Importances:
        pool = await self._starting.do(None, self._started)
        job = asyncio.get_running_loop().run_in_executor(pool, importances, data)
        try:
            return await job
        except asyncio.CancelledError:
            # Nothing else stops a process that computes.
            self._end_process()
            raise

    async def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A process with gRPC in it must not be forked.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_prepare_process)
        pool = self._pool
        if self._pid is None:
            self._pid = await asyncio.get_running_loop().run_in_executor(pool, os.getpid)
        return pool

    def _end_process(self) -> None:
        """Ends the process, whatever it is at; the next computation starts another one."""
        pool, pid = self._pool, self._pid
        self._pool = self._pid = None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the process, whatever it is at."""
        self._end_process()


def _prepare_process() -> None:
    # Ctrl-C reaches the whole process group; the parent decides what ends when.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # A parent that is killed closes nothing down.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
