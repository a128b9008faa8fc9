"""Computes importances in a process of its own: they take seconds and hold the interpreter."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import threading
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import optuna

from wanllmdb_common.errors import OverloadedError
from wanllmdb_suggestion.study.statistics.importance import ImportanceData, importances

Importances = list[tuple[str, float]]

# Answers that are kept; the same finished runs give the same answer.
_KEPT = 256

# Computations that may wait for the one that runs.
_MAX_WAITING = 16


class ImportanceWorker:
    """A process that computes importances one after the other, started when first needed."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._pid: int | None = None
        self._answers: OrderedDict[bytes, asyncio.Task[Importances]] = OrderedDict()

    async def compute(self, data: ImportanceData) -> Importances:
        """See `study.statistics.importance`.

        Callers with the same data share one computation, which goes on when they
        are canceled: the next one finds it done.

        Raises:
            OverloadedError: too many are under way.
        """
        key = data.digest()
        task = self._answers.get(key)
        if task is None:
            if sum(not other.done() for other in self._answers.values()) >= _MAX_WAITING:
                raise OverloadedError(
                    "OVERLOADED", "too many importances are being computed; come again later", 10.0
                )
            task = self._answers[key] = asyncio.create_task(self._run(data))
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        try:
            return await asyncio.shield(task)
        except Exception:
            # An error is not an answer: the next caller tries again.
            if self._answers.get(key) is task:
                del self._answers[key]
            raise

    async def _run(self, data: ImportanceData) -> Importances:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(await self._started(), importances, data)
        except BrokenProcessPool:
            # Something killed the process; what it was at has no effects but its answer.
            self._pool = None
            return await loop.run_in_executor(await self._started(), importances, data)

    async def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # A process with gRPC in it must not be forked.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_prepare_process)
            pool = self._pool
            self._pid = await asyncio.get_running_loop().run_in_executor(pool, os.getpid)
            return pool
        return self._pool

    def close(self) -> None:
        """Ends the process, whatever it is at."""
        for task in self._answers.values():
            task.cancel()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            if self._pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGTERM)


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
