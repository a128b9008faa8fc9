"""The failures during which an agent waits and retries."""

from __future__ import annotations

from wanllmdb import ResourceExhaustedError, UnavailableError
from wanllmdb._agent.wait_policy import is_passing


def test_an_overload_passes_and_a_message_that_is_too_large_does_not() -> None:
    overload = ResourceExhaustedError("too much at once", reason="RATE_LIMITED")
    overload.retry_after = 0.5
    assert is_passing(overload)
    assert is_passing(UnavailableError("away"))
    assert not is_passing(ResourceExhaustedError("a message is too large"))
