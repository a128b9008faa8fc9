"""Which replica of the suggestion service a sweep's calls go to first.

Any replica answers any call. But each keeps models of sweeps in memory, and two that
propose runs for the same sweep at the same time meet each other: one does its work again.
So clients agree, without a word between them, on one replica a sweep: the one that is first
when all are ordered by a hash of their address and the sweep (rendezvous hashing). When a
replica goes, only its own sweeps move.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from google.protobuf.message import Message

_AWAY_SECONDS = 10.0
"""For so long a replica that did not answer is one among the others."""


class Homes:
    """Chooses among the replicas that an address lists. Safe to use from many threads.

    Args:
        addresses: the replicas; where there is but one, nothing is to be chosen.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = tuple(addresses) if len(set(addresses)) > 1 else ()
        self._away_until: dict[str, float] = {}

    def of(self, request: Message) -> str | None:
        """The replica for a request; None for whichever is there."""
        if not self._addresses or "sweep_id" not in request.DESCRIPTOR.fields_by_name:
            return None
        sweep_id: str = request.sweep_id  # type: ignore[attr-defined]  # as was just asked
        home = max(self._addresses, key=lambda address: _weight(address, sweep_id))
        return None if time.monotonic() < self._away_until.get(home, 0.0) else home

    def is_away(self, address: str) -> None:
        """Takes note that a replica did not answer."""
        self._away_until[address] = time.monotonic() + _AWAY_SECONDS


def _weight(address: str, sweep_id: str) -> bytes:
    return hashlib.sha256(f"{address}\0{sweep_id}".encode()).digest()
