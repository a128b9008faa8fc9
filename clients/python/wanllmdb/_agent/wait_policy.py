"""How long an agent waits for services that are unavailable."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self, TypeVar

from wanllmdb import _env
from wanllmdb._agent.console import SAY_EVERY
from wanllmdb._errors import (
    DeadlineExceededError,
    ResourceExhaustedError,
    UnavailableError,
    WanllmdbError,
)

DEFAULT_PATIENCE = 600.0
"""Seconds that an agent waits for unavailable services."""

STRANGER_PATIENCE = 5.0
"""Seconds that an agent waits for a service that never answered: its address may be wrong."""


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """Seconds to wait for services that have answered before, and for those that never have."""

    seconds: float = DEFAULT_PATIENCE
    at_first: float = STRANGER_PATIENCE

    @classmethod
    def of(cls, given: float | None = None, *, knows_them: bool = False) -> Self:
        """Return the given policy, else that of the environment, else the default.

        Args:
            given: seconds to wait, also for services that have never answered.
            knows_them: whether the services answered an earlier process of the agent.

        Raises:
            InvalidArgumentError: the number is below 0, or the variable is not a number.
        """
        asked = _env.number_of(given, _env.PATIENCE)
        seconds = DEFAULT_PATIENCE if asked is None else asked
        is_sure = asked is not None or knows_them
        return cls(seconds, seconds if is_sure else min(seconds, STRANGER_PATIENCE))


T = TypeVar("T")

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 5.0


def is_passing(error: WanllmdbError) -> bool:
    """Return whether the same request may succeed later."""
    if isinstance(error, ResourceExhaustedError):
        # Without a retry delay the message is too large, now and later.
        return error.retry_after is not None
    return isinstance(error, UnavailableError | DeadlineExceededError)


class OutageWaiter:
    """Repeats a call while the services are unavailable, and prints that it waits.

    The call must be safe to repeat: it has its own request id.

    Args:
        say: prints a line for people.
        patience: longest wait in seconds.
        pause: sleeps for the given seconds; returns True to stop waiting.
        on_back: called when the services are available again.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        patience: float = DEFAULT_PATIENCE,
        pause: Callable[[float], bool] | None = None,
        on_back: Callable[[], None] | None = None,
    ) -> None:
        self._say = say
        self.patience = patience
        self._pause = pause or _sleep
        self._on_back = on_back

    def retry(self, call: Callable[[], T]) -> T:
        """Return the call's result; retry for up to `patience` seconds.

        Raises:
            WanllmdbError: an error that waiting does not resolve, or the last failure when
                `patience` is over.
        """
        began = time.monotonic()
        said_at: float | None = None
        pause = _FIRST_PAUSE
        while True:
            try:
                answer = call()
            except WanllmdbError as error:
                now = time.monotonic()
                if not is_passing(error) or now - began > self.patience:
                    raise
                failure = error
            else:
                if said_at is not None:
                    self._say(f"the services are back after {time.monotonic() - began:.0f} s")
                    if self._on_back is not None:
                        self._on_back()
                return answer
            if said_at is None:
                said_at = now
                limit = _duration(self.patience)
                self._say(f"waiting up to {limit} for the services: {failure.message}")
            elif now - said_at >= SAY_EVERY:
                said_at = now
                self._say(f"still waiting, for {_duration(now - began)} now: {failure.message}")
            if self._pause(pause):
                raise failure
            pause = min(pause * 2, _LONGEST_PAUSE)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False
