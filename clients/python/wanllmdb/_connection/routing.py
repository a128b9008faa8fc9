"""Which replica of the suggestion service a sweep's calls go to first.

Any replica answers any call. But each replica keeps models of sweeps in memory, and two replicas
that propose runs for one sweep at the same time conflict: one of them repeats its work. So clients
agree, without communicating, on one replica for each sweep: the first of all replicas ordered by a
hash of the replica's address and the sweep's id (rendezvous hashing). When a replica fails, only
its own sweeps move.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

from google.protobuf.message import Message

_AWAY_SECONDS = 10.0
"""How long no call goes first to a replica that did not answer."""


class Routing:
    """Chooses among the replicas that an address lists. Safe to use from many threads.

    Args:
        addresses: the replicas; with a single one there is no choice.
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = tuple(addresses) if len(set(addresses)) > 1 else ()
        self._away_until: dict[str, float] = {}

    def replica_for(self, request: Message) -> str | None:
        """The replica that a request goes to first; None for any."""
        if not self._addresses or "sweep_id" not in request.DESCRIPTOR.fields_by_name:
            return None
        sweep_id: str = request.sweep_id  # type: ignore[attr-defined]  # checked above
        replica = max(self._addresses, key=lambda address: _weight(address, sweep_id))
        return None if time.monotonic() < self._away_until.get(replica, 0.0) else replica

    def mark_unavailable(self, address: str) -> None:
        """Record that a replica did not answer."""
        self._away_until[address] = time.monotonic() + _AWAY_SECONDS


def _weight(address: str, sweep_id: str) -> bytes:
    return hashlib.sha256(f"{address}\0{sweep_id}".encode()).digest()
