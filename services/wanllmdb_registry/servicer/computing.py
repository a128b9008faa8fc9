"""Computing on behalf of the call that is being served."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from wanllmdb_common.calls.call import current_call
from wanllmdb_common.calls.rate_limits import LIGHT_BYTES, rate_limit_class_of
from wanllmdb_common.computing.time_slices import TimeSlices
from wanllmdb_common.did_you_mean import few_hints

T = TypeVar("T")

_time_slices = TimeSlices()


async def computed(compute: Callable[[], T]) -> T:
    """What `compute` gives, which may take seconds and calls `checkpoint` often.

    Raises:
        InvalidArgumentError: INVALID_REQUEST: it took longer than any work may.
    """
    call = current_call()
    caller = rate_limit_class_of(call)
    # Callers on the server's own machine without keys differ by their connections.
    name = caller.name if caller.is_bounded else call.peer

    def with_few_hints() -> T:
        with few_hints():
            return compute()

    is_large = call.request.ByteSize() > LIGHT_BYTES
    return await _time_slices.compute(with_few_hints, name, is_large=is_large)
