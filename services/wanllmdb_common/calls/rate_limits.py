"""Rate limits: calls per second, concurrent calls and streams, for each caller and in all."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from urllib.parse import unquote

from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.fair_share import FairShare, Load
from wanllmdb_common.errors import OverloadedError
from wanllmdb_common.server.settings import LimitSettings

# Seconds after which to retry where it is unknown when a running call will end.
RETRY_AFTER = 1.0
LEAST_SHARE = 8
# A request of more bytes counts as a heavy call, whatever the RPC.
LIGHT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class RateLimitClass:
    """The calls that share one set of limits: those of one API key, else of one address.

    Attributes:
        name: The same for all calls of the class.
        shown: The name as error messages show it.
        is_bounded: Whether the class has limits of its own. Callers on the server's own
            machine without keys have none.
    """

    name: str
    shown: str
    is_bounded: bool


def rate_limit_class_of(call: Call) -> RateLimitClass:
    """Return the class of a call: its API key, else its address without the port."""
    key = call.caller.key_id
    return _class_of_key(key) if key else _class_of_peer(call.peer)


def sharing_name_of(call: Call, limited: RateLimitClass | None = None) -> str:
    """Return the name under which a call shares the server with others.

    It is that of the call's class. Callers without limits of their own, which have neither a key
    nor an address of their own, are distinguished by their connections.
    """
    limited = limited or rate_limit_class_of(call)
    return limited.name if limited.is_bounded else call.peer


@lru_cache(maxsize=1024)
def _class_of_key(key_id: str) -> RateLimitClass:
    return RateLimitClass(f"key {key_id}", f"API key '{key_id}'", is_bounded=True)


@lru_cache(maxsize=4096)
def _class_of_peer(peer: str) -> RateLimitClass:
    # Once a connection: parsing the address takes longer than all other steps of the limits.
    host = host_of(peer)
    return RateLimitClass(f"address {host}", f"address {host}", is_bounded=not _is_loopback(host))


class CallLimits:
    """The step that rejects calls beyond the limits and shares the server among callers.

    It comes after the step that sets `Call.caller`.

    Args:
        settings: The limits.
        load_of: Returns the cost of a call that is no stream. Large requests of callers with
            limits count as heavy anyway.
        shares_connections: Whether callers without limits of their own share the server by
            connection: their reads and heavy calls do. Their light calls never wait, because one
            connection may carry those of all agents.
        clock: Returns seconds.
    """

    def __init__(
        self,
        settings: LimitSettings,
        load_of: Callable[[Call], Load] = lambda _call: Load.LIGHT,
        *,
        shares_connections: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._load_of = load_of
        self._shares_connections = shares_connections
        self._buckets = TokenBuckets(settings.calls_per_second, clock)
        self._calls = CallCounter(
            "calls", "at once", settings.max_calls, settings.max_calls_per_caller
        )
        self._streams = CallCounter(
            "watches and exports", "at once", settings.max_streams, settings.max_streams_per_caller
        )
        self._share = FairShare(settings.shared_calls, LEAST_SHARE, clock=clock)
        self._admitted: dict[Call, RateLimitClass] = {}
        self._sharing: dict[Call, tuple[str, Load]] = {}

    async def before(self, call: Call) -> None:
        limited = rate_limit_class_of(call)
        if limited.is_bounded:
            self._take_one(limited)
        (self._streams if call.is_stream else self._calls).enter(limited)
        self._admitted[call] = limited
        if not (limited.is_bounded or self._shares_connections):
            return
        name = sharing_name_of(call, limited)
        if call.is_stream:
            # A stream waits most of its time, for changes or for a slow reader.
            call.heavy_turn = partial(self._share.turn, name, Load.HEAVY)
            return
        load = self._load_of(call)
        if limited.is_bounded:
            if call.request.ByteSize() > LIGHT_BYTES:
                load = Load.HEAVY
        elif load is Load.LIGHT:
            load = Load.UNLIMITED
        await self._share.enter(name, load)
        self._sharing[call] = (name, load)

    def after(self, call: Call) -> None:
        limited = self._admitted.pop(call, None)
        if limited is None:
            return
        (self._streams if call.is_stream else self._calls).leave(limited)
        sharing = self._sharing.pop(call, None)
        if sharing is not None:
            self._share.leave(*sharing)

    def _take_one(self, limited: RateLimitClass) -> None:
        """Take a token from the bucket of the class.

        Raises:
            OverloadedError: RATE_LIMITED, the bucket is empty.
        """
        wait = self._buckets.take(limited.name)
        if wait:
            limit = f"{self._settings.calls_per_second:g} calls a second"
            raise rate_limited(limited, limit, wait)


class CallCounter:
    """Counts what is in progress, in all and for each rate-limit class."""

    def __init__(self, what: str, when: str, most: int, most_of_one: int) -> None:
        self._what = what
        self._when = when
        self._most = most
        self._most_of_one = most_of_one
        self._by_class: Counter[str] = Counter()
        self._total = 0

    def enter(self, limited: RateLimitClass) -> None:
        """Count one more; raises OverloadedError, RATE_LIMITED or OVERLOADED, beyond the limit."""
        if limited.is_bounded and self._by_class[limited.name] >= self._most_of_one:
            raise rate_limited(
                limited, f"{self._most_of_one:,} {self._what} {self._when}", RETRY_AFTER
            )
        if self._total >= self._most:
            limit = f"{self._most:,} {self._what} {self._when}"
            raise OverloadedError(
                "OVERLOADED",
                f"this server has {limit}, the most that it accepts: retry in {RETRY_AFTER:g} s, "
                "or call another replica",
                RETRY_AFTER,
                limit=limit,
            )
        self._by_class[limited.name] += 1
        self._total += 1

    def leave(self, limited: RateLimitClass) -> None:
        """Count one less."""
        self._total -= 1
        self._by_class[limited.name] -= 1
        if not self._by_class[limited.name]:
            del self._by_class[limited.name]


def rate_limited(limited: RateLimitClass, limit: str, retry_after: float) -> OverloadedError:
    """Return the error RATE_LIMITED, with the time after which to retry."""
    # The reply holds whole milliseconds, and 0 would mean that no delay was given.
    seconds = math.ceil(retry_after * 1000) / 1000
    return OverloadedError(
        "RATE_LIMITED",
        f"{limited.shown} may have {limit} and exceeded this limit: retry in {seconds:g} s, send "
        "less at "
        "once, or ask an operator for a higher limit",
        seconds,
        limit=limit,
    )


def host_of(peer: str) -> str:
    """Return the address in a gRPC peer: ipv4:1.2.3.4:567, ipv6:[::1]:567, unix:..."""
    kind, _, rest = peer.partition(":")
    if kind not in ("ipv4", "ipv6"):
        return "local"
    return unquote(rest).rpartition(":")[0].strip("[]").partition("%")[0]


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return True
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


# Seconds of the rate that may be used at once after a pause.
BURST = 2.0
# Beyond this number the least recently used buckets are dropped.
MAX_BUCKETS = 10_000


class TokenBuckets:
    """A token bucket for each name, all with the same rate.

    Args:
        rate: Tokens per second; 0 for no limit.
        clock: Returns seconds.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        if not self._rate:
            return 0.0
        tokens, now = self._tokens(name)
        self._buckets[name] = (max(tokens - 1, 0.0) if tokens >= 1 else tokens, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return self._wait(tokens)

    def wait(self, name: str) -> float:
        """Return the seconds until there is a token, without taking it."""
        return self._wait(self._tokens(name)[0]) if self._rate else 0.0

    def _tokens(self, name: str) -> tuple[float, float]:
        now = self._clock()
        most = max(1.0, self._rate * BURST)
        tokens, since = self._buckets.get(name, (most, now))
        return min(most, tokens + (now - since) * self._rate), now

    def _wait(self, tokens: float) -> float:
        return 0.0 if tokens >= 1 else (1 - tokens) / self._rate
