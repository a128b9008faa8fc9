"""When an agent gives up because its runs fail."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from wanllmdb import _env


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """How many failed runs an agent accepts.

    The agent gives up after `max_quick_failures` consecutive failures within `quick_seconds`,
    or when its first `max_initial_failures` runs all fail. 0 turns off either limit. A run that
    does not fail resets the count of consecutive failures.
    """

    max_quick_failures: int = 3
    quick_seconds: float = 60.0
    max_initial_failures: int = 5

    @classmethod
    def of(
        cls,
        *,
        max_quick_failures: int | None = None,
        quick_seconds: float | None = None,
        max_initial_failures: int | None = None,
        never: bool | None = None,
    ) -> Self:
        """Return the given limits, else those of the environment, else the defaults.

        Raises:
            InvalidArgumentError: a number is below 0, or a variable is not a number.
        """
        never = _env.is_on(never, _env.NEVER_GIVE_UP)
        policy = cls(
            int(_number(max_quick_failures, _env.MAX_QUICK_FAILURES, DEFAULTS.max_quick_failures)),
            _number(quick_seconds, _env.QUICK_SECONDS, DEFAULTS.quick_seconds),
            int(
                _number(
                    max_initial_failures, _env.MAX_INITIAL_FAILURES, DEFAULTS.max_initial_failures
                )
            ),
        )
        return cls(0, policy.quick_seconds, 0) if never else policy


DEFAULTS = FailurePolicy()
"""The limits that hold unless an argument or the environment gives others."""


class FailureCounter:
    """Counts an agent's failures against a policy. Not thread-safe."""

    def __init__(self, policy: FailurePolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._latest: deque[float] = deque(maxlen=policy.max_quick_failures)
        self._initial = 0
        self._has_succeeded = False

    def succeeded(self) -> None:
        """Count a run that did not fail."""
        self._has_succeeded = True
        self._latest.clear()

    def failed(self) -> str | None:
        """Count a failed run; return why the agent must give up, or None."""
        now = self._clock()
        policy = self._policy
        if policy.max_quick_failures:
            self._latest.append(now)
            took = now - self._latest[0]
            if len(self._latest) == policy.max_quick_failures and took <= policy.quick_seconds:
                within = policy.quick_seconds
                ever = "" if math.isinf(within) else f" within {within:g} s"
                return f"{len(self._latest)} runs in a row failed{ever}"
        if not self._has_succeeded:
            self._initial += 1
            if self._initial == policy.max_initial_failures:
                return f"the first {self._initial} runs all failed"
        return None


def _number(given: float | None, variable: str, default: float) -> float:
    number = _env.number_of(given, variable)
    return default if number is None else number
