"""The client's retry policy: which failures are retried, how often and after how long.

Three layers retry. The gRPC channel retries UNAVAILABLE: calls that no server processed, and
writes that conflicted with others (`channel_retries`). The client sends a request again when a
server asks it to come back later, and when the API key file holds another key (`resend_delay` and
`Peer.resend_delay`). `watch_sweep` reopens a broken stream (`reconnect_delay`). Retries are safe
for mutations, because each carries a request id. How long an agent waits for unavailable services
is the agent's policy, in `_agent`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from wanllmdb._connection.addresses import SUGGESTION
from wanllmdb._errors import ResourceExhaustedError, WanllmdbError

MAX_RESENDS = 4
"""How often the client itself sends a request again."""

RETRYABLE = ["UNAVAILABLE", "CANCELLED"]
"""Status codes after which a call may be sent again."""

_LONGEST_RETRY_AFTER = 10.0
_RETRY_AFTER_JITTER = (1.0, 1.2)

_FIRST_RECONNECT = 0.2
_LONGEST_RECONNECT = 5.0
_RECONNECT_JITTER = (0.8, 1.2)


@dataclass(frozen=True, slots=True)
class ChannelRetries:
    """How often the channel sends a call in all, and the pauses between, in seconds."""

    attempts: int
    first_pause: float
    longest_pause: float
    factor: float

    def policy(self) -> dict[str, Any]:
        """The policy as part of a gRPC service config."""
        return {
            "maxAttempts": self.attempts,
            "initialBackoff": f"{self.first_pause:g}s",
            "maxBackoff": f"{self.longest_pause:g}s",
            "backoffMultiplier": self.factor,
            "retryableStatusCodes": RETRYABLE,
        }


ANY_CALL = ChannelRetries(5, 0.2, 2.0, 2.0)
"""Retries after 0.2, 0.4, 0.8 and 1.6 s."""
SHOULD_STOP = ChannelRetries(2, 0.05, 0.05, 1.0)
"""One retry, on another replica if there is one: training waits for the answer."""


def channel_retries() -> dict[str, Any]:
    """The part of a gRPC service config that has the channel retry calls."""
    return {
        "methodConfig": [
            {
                "name": [{"service": SUGGESTION.full_name, "method": "ShouldStop"}],
                "retryPolicy": SHOULD_STOP.policy(),
            },
            {"name": [{}], "retryPolicy": ANY_CALL.policy()},
        ],
    }


def resend_delay(failure: WanllmdbError, resends: int) -> float | None:
    """Seconds after which the client sends a failed request again; None for not at all.

    Args:
        failure: how the call failed.
        resends: how often the request was sent again before.
    """
    if resends >= MAX_RESENDS:
        return None
    return retry_after(failure)


def retry_after(failure: WanllmdbError) -> float | None:
    """Seconds after which an overloaded server accepts the request again, with jitter.

    None after any other failure, and where the server does not give a time.
    """
    if not isinstance(failure, ResourceExhaustedError) or failure.retry_after is None:
        return None
    return random.uniform(*_RETRY_AFTER_JITTER) * min(failure.retry_after, _LONGEST_RETRY_AFTER)


def reconnect_delay(failures: int) -> float:
    """Seconds before a broken stream is opened again: 0.2 s doubling to 5 s, with jitter."""
    pause = min(_FIRST_RECONNECT * 2.0**failures, _LONGEST_RECONNECT)
    return random.uniform(*_RECONNECT_JITTER) * pause
