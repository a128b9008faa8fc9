"""Signs the states that samplers store with runs.

Optuna unpickles parts of these states, so a forged state could run code in this service. Any
client of the registry can call CreateRuns, so the service reads only states that are signed with
its own key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

KEY_BYTES = 32
_MAC_BYTES = hashlib.sha256().digest_size


class StateSeal:
    """Seals and opens the states of one sweep's runs, by HMAC-SHA256 (RFC 2104)."""

    def __init__(self, key: bytes, sweep_id: str) -> None:
        self._key = key
        self._sweep_id = sweep_id

    def seal(self, number: int, state: bytes) -> bytes:
        """Return the state with a signature for the run in front; an empty state stays empty."""
        return self._mac(number, state) + state if state else b""

    def open(self, number: int, sealed: bytes) -> bytes:
        """Return the state; empty unless its signature matches this key, sweep and run.

        The sampler then continues as if it had stored nothing.
        """
        mac, state = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        return state if hmac.compare_digest(mac, self._mac(number, state)) else b""

    def _mac(self, number: int, state: bytes) -> bytes:
        # Ids contain no NUL, so no two triples give the same message.
        message = b"\0".join([self._sweep_id.encode(), str(number).encode(), state])
        return hmac.digest(self._key, message, "sha256")


def new_key() -> bytes:
    """Return a new random key."""
    return secrets.token_bytes(KEY_BYTES)
