"""Authentication: reads a call's API key, and the step that identifies the caller by it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Awaitable, Callable

from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import Caller
from wanllmdb_common.calls.rate_limits import TokenBuckets, host_of
from wanllmdb_common.errors import OverloadedError, UnauthenticatedError

AUTHORIZATION_KEY = "authorization"
_SCHEME = "bearer "
# The shortest secret of a key. An id is split off only where the rest is at least this long, so
# that a malformed key reveals no part of its secret.
_MIN_SECRET = 32
_ID_OF_KEY = re.compile(rf"wsk_([a-z0-9]{{1,40}})_[A-Za-z0-9_-]{{{_MIN_SECRET},}}")

MAX_LOOK_UPS = 2_000
# The minimum number of seconds: calls without a valid key come from programs that retry forever.
_RETRY_AFTER = 1.0


def key_text_of(call: Call) -> str:
    """Return the key text that the call carries, valid or not; empty for a call without a key.

    The text holds a secret: never log it, never put it into an error.
    """
    value = call.metadata(AUTHORIZATION_KEY)
    if value[: len(_SCHEME)].lower() == _SCHEME:
        return value[len(_SCHEME) :].strip()
    # The value has another form, so it is not a valid key; but the call did carry a value.
    return value


def claimed_key_id(call: Call) -> str:
    """Return the key id that a call claims, which the caller may have made up; empty for none."""
    match = _ID_OF_KEY.fullmatch(key_text_of(call))
    return "" if match is None else match[1]


class Authentication:
    """The step that sets `Call.caller`, and limits the rate of calls without a valid key.

    Only failed calls count, so a valid key is never rejected because of what other callers at
    the same address send.

    Args:
        authenticate: Returns the caller for a key text, which is empty for a call without a
            key; raises UnauthenticatedError where the key is missing or not valid.
        failures_per_second: The limit for one address; all addresses together may fail TOTAL
            times as often. 0 for no limit.
        clock: Returns seconds.
    """

    TOTAL = 10

    def __init__(
        self,
        authenticate: Callable[[str], Awaitable[Caller]],
        failures_per_second: float = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authenticate = authenticate
        self._rate = failures_per_second
        self._of_address = TokenBuckets(failures_per_second, clock)
        self._of_all = TokenBuckets(self.TOTAL * failures_per_second, clock)

    async def before(self, call: Call) -> None:
        try:
            call.caller = await self._authenticate(key_text_of(call))
        except UnauthenticatedError:
            self._count_failure(host_of(call.peer))
            raise

    def after(self, call: Call) -> None:
        pass

    def _count_failure(self, host: str) -> None:
        """Raise OverloadedError, RATE_LIMITED, beyond the limit."""
        wait, rate, whose = self._of_address.take(host), self._rate, f"address {host}"
        if not wait:
            wait, rate, whose = self._of_all.take(""), self.TOTAL * self._rate, "all addresses"
        if wait:
            seconds = max(math.ceil(wait), _RETRY_AFTER)
            limit = f"{rate:g} calls a second without a valid API key"
            raise OverloadedError(
                "RATE_LIMITED",
                f"{whose} may have {limit} and exceeded this limit: send a valid key, and retry "
                f"in {seconds:g} s",
                seconds,
                limit=limit,
            )


class LookUps:
    """Bounds how many calls wait for the look-up of their key; a context manager.

    Any client can send such calls, the limits apply to identified callers only, and each call
    holds its request: while key look-ups are slow, the calls would fill the memory.
    """

    def __init__(self, most: int = MAX_LOOK_UPS) -> None:
        self._most = most
        self._waiting = 0

    def __enter__(self) -> None:
        """Raise OverloadedError, OVERLOADED, beyond the limit."""
        if self._waiting >= self._most:
            limit = f"{self._most:,} calls that wait for the look-up of their API keys"
            raise OverloadedError(
                "OVERLOADED",
                f"this server has {limit}, the most it accepts: retry in "
                f"{_RETRY_AFTER:g} s, or call another replica",
                _RETRY_AFTER,
                limit=limit,
            )
        self._waiting += 1

    def __exit__(self, *_: object) -> None:
        self._waiting -= 1


def key_missing() -> UnauthenticatedError:
    """Return the error KEY_MISSING."""
    return UnauthenticatedError(
        "KEY_MISSING",
        "this server requires an API key: send it as the metadata 'authorization: Bearer wsk_...'; "
        "an admin creates one with `wanllmdb key create`",
    )


def key_invalid() -> UnauthenticatedError:
    """Return the error KEY_INVALID, for a key that is malformed, unknown or has a wrong secret."""
    return UnauthenticatedError(
        "KEY_INVALID",
        "this server does not know the API key: check that it was copied completely",
    )


def key_expired(key_id: str) -> UnauthenticatedError:
    """Return the error KEY_EXPIRED."""
    return UnauthenticatedError(
        "KEY_EXPIRED", f"API key '{key_id}' has expired: ask an admin for a new one", key_id=key_id
    )


def key_revoked(key_id: str) -> UnauthenticatedError:
    """Return the error KEY_REVOKED."""
    return UnauthenticatedError(
        "KEY_REVOKED", f"API key '{key_id}' was revoked: ask an admin for a new one", key_id=key_id
    )
