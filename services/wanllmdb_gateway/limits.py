"""Limits of the gateway's own, for each session or address.

The services count callers by key or address, and take the gateway for a caller on its machine,
for whom they have no limits while they require no keys.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator

from wanllmdb_common.calls.rate_limits import (
    CallCounter,
    RateLimitClass,
    TokenBuckets,
    rate_limited,
)
from wanllmdb_gateway.settings import GatewaySettings


def class_of(session_key_id: str, address: str) -> RateLimitClass:
    """Return the limits' class: a session's key, which the registry has confirmed, or an address.

    A key in a header is not confirmed, and a caller that makes up keys has one address.
    """
    if session_key_id:
        return RateLimitClass(
            f"session {session_key_id}", f"sessions of API key '{session_key_id}'", is_bounded=True
        )
    return RateLimitClass(f"address {address}", f"address {address}", is_bounded=True)


class GatewayLimits:
    """Counts calls, streams and failed sign-ins.

    Args:
        settings: The limits.
        clock: Returns seconds.
    """

    def __init__(
        self, settings: GatewaySettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = settings.calls_per_second
        self._buckets = TokenBuckets(self._rate, clock)
        self._failure_rate = settings.failed_sign_ins_per_second
        self._failures = TokenBuckets(self._failure_rate, clock)
        self._calls = CallCounter(
            "calls", "at once", settings.max_calls, settings.max_calls_per_caller
        )
        self._streams = CallCounter(
            "streams", "at once", settings.max_streams, settings.max_streams_per_caller
        )

    @contextlib.contextmanager
    def admitted(self, limited: RateLimitClass, *, is_stream: bool) -> Iterator[None]:
        """Count a call within the block.

        Raises:
            OverloadedError: RATE_LIMITED or OVERLOADED, beyond a limit.
        """
        wait = self._buckets.take(limited.name)
        if wait:
            raise rate_limited(limited, f"{self._rate:g} calls a second", wait)
        counter = self._streams if is_stream else self._calls
        counter.enter(limited)
        try:
            yield
        finally:
            counter.leave(limited)

    def check_sign_in(self, address: str) -> None:
        """Check whether an address may try to sign in.

        Raises:
            OverloadedError: RATE_LIMITED, too many sign-ins of the address have failed.
        """
        wait = self._failures.wait(address)
        if wait:
            limited = RateLimitClass(address, f"address {address}", is_bounded=True)
            limit = f"{self._failure_rate:g} failed sign-ins a second"
            raise rate_limited(limited, limit, float(math.ceil(wait)))

    def count_failed_sign_in(self, address: str) -> None:
        """Count a failed sign-in of an address."""
        self._failures.take(address)
