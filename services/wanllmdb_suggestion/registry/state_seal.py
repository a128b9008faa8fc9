"""Signs what samplers store with runs.

Optuna unpickles some of it, so that whoever could write it could run code in
this service. The registry's CreateRuns is open to all who reach the registry:
only what bears the mark of a suggestion service's key is read.
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
        """The state with its mark in front, for run `number` alone; nothing stays nothing."""
        return self._mac(number, state) + state if state else b""

    def open(self, number: int, sealed: bytes) -> bytes:
        """The state; empty where there is none, or the mark is not that of this key, sweep and run.

        The sampler then goes on as if it had kept nothing.
        """
        mac, state = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        return state if hmac.compare_digest(mac, self._mac(number, state)) else b""

    def _mac(self, number: int, state: bytes) -> bytes:
        # Ids hold no NUL, so that no two triples give the same text.
        message = b"\0".join([self._sweep_id.encode(), str(number).encode(), state])
        return hmac.digest(self._key, message, "sha256")


def new_key() -> bytes:
    """A key that nobody can guess."""
    return secrets.token_bytes(KEY_BYTES)
