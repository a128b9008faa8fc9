"""Computations on threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

from wanllmdb_common.computing.cancellation import TookTooLongError
from wanllmdb_common.computing.fair_threads import FairThreads, Owner
from wanllmdb_suggestion.refusals import took_too_long

P = ParamSpec("P")
T = TypeVar("T")

# Each that computes makes the event loop wait for the interpreter.
_THREADS = 2


class AnalysisThreads:
    """Threads for analyses: one sweep, and one project, has one of them at a time."""

    def __init__(self) -> None:
        self._threads = FairThreads(_THREADS, "computations")

    async def run(self, owner: Owner, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns, computed for the owner; ends when the caller is canceled.

        Linear algebra gets no further threads: on matrices as small as ours they cost
        more than they save, up to fifty times for the thousands of triangles of a contour.

        Raises:
            OverloadedError: OVERLOADED: it takes too long.
        """

        def alone() -> T:
            with threadpool_limits(1, user_api="blas"):
                return work(*args, **kwargs)

        try:
            return await self._threads.run(alone, owner)
        except TookTooLongError as error:
            raise took_too_long(owner.sweep, error) from error

    def close(self) -> None:
        """Starts nothing more."""
        self._threads.close()
