"""How long an agent waits for services that are away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from wanllmdb import _env

DEFAULT_PATIENCE = 600.0
"""Seconds for which an agent waits for services that are away."""

STRANGER_PATIENCE = 5.0
"""Seconds for which it waits for a service that was never there: its address may be wrong."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait: for services that were there before, and for those that never were."""

    seconds: float = DEFAULT_PATIENCE
    at_first: float = STRANGER_PATIENCE

    @classmethod
    def of(cls, given: float | None = None, *, knows_them: bool = False) -> Self:
        """What is given, else what the environment says, else the defaults.

        Args:
            given: seconds, which then count from the start on.
            knows_them: whether the services must have been there in an earlier life of the
                agent.

        Raises:
            InvalidArgumentError: it is below 0, or the variable is no number.
        """
        asked = _env.number_of(given, _env.PATIENCE)
        seconds = DEFAULT_PATIENCE if asked is None else asked
        is_sure = asked is not None or knows_them
        return cls(seconds, seconds if is_sure else min(seconds, STRANGER_PATIENCE))
