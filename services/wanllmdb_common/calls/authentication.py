"""The API key that a call brings, and the step that finds out whose it is."""

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
# A secret before its id was cut off keeps this many characters to itself.
_MIN_SECRET = 32
_ID_OF_KEY = re.compile(rf"wsk_([a-z0-9]{{1,40}})_[A-Za-z0-9_-]{{{_MIN_SECRET},}}")

MAX_LOOK_UPS = 2_000
# Seconds, at least: calls without a good key come from programs that repeat them without end.
_RETRY_AFTER = 1.0


def key_text_of(call: Call) -> str:
    """The key's text as the call brings it, good or not; empty for a call without one.

    It holds a secret: never log it, never put it into an error.
    """
    value = call.metadata(AUTHORIZATION_KEY)
    if value[: len(_SCHEME)].lower() == _SCHEME:
        return value[len(_SCHEME) :].strip()
    # Of another form, and so no key; but the call is not one without.
    return value


def claimed_key_id(call: Call) -> str:
    """The id in the key that a call brings, which anybody can make up; empty for none."""
    match = _ID_OF_KEY.fullmatch(key_text_of(call))
    return "" if match is None else match[1]


class Authentication:
    """The step that sets `Call.caller`, and bounds how often calls without a good key fail.

    A good key is never refused for what others behind the same address send: a call counts
    once it has failed.

    Args:
        authenticate: Gives who has a key, by the key's text, empty for a call without one;
            raises UnauthenticatedError for who has none that is good.
        failures_per_second: Of one address; TOTAL times as many of all. 0 for any number.
        clock: Seconds.
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
        """Raises OverloadedError: RATE_LIMITED."""
        wait, rate, whose = self._of_address.take(host), self._rate, f"address {host}"
        if not wait:
            wait, rate, whose = self._of_all.take(""), self.TOTAL * self._rate, "all addresses"
        if wait:
            seconds = max(math.ceil(wait), _RETRY_AFTER)
            limit = f"{rate:g} calls a second without a good API key"
            raise OverloadedError(
                "RATE_LIMITED",
                f"{whose} may have {limit}, and more have come: send a good key, and come again "
                f"in {seconds:g} s",
                seconds,
                limit=limit,
            )


class LookUps:
    """Bounds how many calls wait until it is known whose their key is; a context manager.

    Anybody may send such calls, limits count for callers that are known, and each of them
    holds its request: while what knows the keys is slow they would fill the memory.
    """

    def __init__(self, most: int = MAX_LOOK_UPS) -> None:
        self._most = most
        self._waiting = 0

    def __enter__(self) -> None:
        """Raises OverloadedError: OVERLOADED."""
        if self._waiting >= self._most:
            limit = f"{self._most:,} calls whose API keys are looked up"
            raise OverloadedError(
                "OVERLOADED",
                f"this server has {limit}, as many as it takes: come again in "
                f"{_RETRY_AFTER:g} s, or ask another replica",
                _RETRY_AFTER,
                limit=limit,
            )
        self._waiting += 1

    def __exit__(self, *_: object) -> None:
        self._waiting -= 1


def key_missing() -> UnauthenticatedError:
    """KEY_MISSING."""
    return UnauthenticatedError(
        "KEY_MISSING",
        "this server asks for an API key: send it as the metadata 'authorization: Bearer wsk_...'; "
        "an admin makes one with `wanllmdb key create`",
    )


def key_invalid() -> UnauthenticatedError:
    """KEY_INVALID: the same for what is malformed, unknown or has a wrong secret."""
    return UnauthenticatedError(
        "KEY_INVALID",
        "the API key is not one of this server's: check that it was copied as a whole",
    )


def key_expired(key_id: str) -> UnauthenticatedError:
    """KEY_EXPIRED."""
    return UnauthenticatedError(
        "KEY_EXPIRED", f"API key '{key_id}' has expired: ask an admin for a new one", key_id=key_id
    )


def key_revoked(key_id: str) -> UnauthenticatedError:
    """KEY_REVOKED."""
    return UnauthenticatedError(
        "KEY_REVOKED", f"API key '{key_id}' was revoked: ask an admin for a new one", key_id=key_id
    )
