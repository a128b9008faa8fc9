"""Computations on threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

from wanllmdb_common.off_loop import computed

P = ParamSpec("P")
T = TypeVar("T")


async def on_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs `work` on a thread, with little else beside it.

    Linear algebra gets no further threads: on matrices as small as ours they cost
    more than they save, up to fifty times for the thousands of triangles of a contour.
    """

    def alone() -> T:
        with threadpool_limits(1, user_api="blas"):
            return work(*args, **kwargs)

    return await computed(alone)
