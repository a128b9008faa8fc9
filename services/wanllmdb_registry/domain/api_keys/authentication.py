"""Check API keys: results are cached for seconds, and lookups are batched."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cachetools import LRUCache

from wanllmdb_common.calls.authentication import (
    LookUps,
    key_expired,
    key_invalid,
    key_missing,
    key_revoked,
)
from wanllmdb_common.calls.caller import ANYONE, Caller
from wanllmdb_common.computing.batcher import Batcher, BatchItem
from wanllmdb_registry.domain.api_keys.api_key import (
    ROOT_KEY,
    ROOT_KEY_ID,
    FoundKey,
    KeyText,
    parse_key,
)

# Seconds for which a cached key is used. A key that was revoked through another replica is valid
# here for this long at most.
MAX_AGE = 3.0
# Entries of each cache: of existing keys, and of ids without a key.
MAX_REMEMBERED = 10_000
# Distinct ids of one lookup.
MAX_BATCH = 500

# Compared with the secret if there is no key, so that the check takes the same time.
_NO_SECRET = bytes(32)


class KeySource(Protocol):
    """The table of keys."""

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, FoundKey]:
        """Return the keys with these ids; ids without a key are omitted."""


@dataclass(frozen=True, slots=True)
class _Known:
    """The result of a lookup of an id at `read_at`; `caller` is None if the id has no key."""

    read_at: float
    caller: Caller | None = None
    secret_sha256: bytes = field(default=_NO_SECRET, repr=False)
    good_until: float | None = None
    revoked: bool = False


@dataclass(eq=False, slots=True)
class _LookUp(BatchItem[_Known]):
    """A call that waits for the lookup of its key's id."""

    key_id: str


class KeyRing:
    """Finds the caller that a key belongs to.

    A key expires by the database's clock, which this process's own clock continues between two
    reads. Ids that arrive during a lookup are looked up together in the next one, so any number
    of invalid keys costs the database one small query at a time.

    Args:
        source: The table of keys.
        required: Whether callers need a key. Without this, every caller may do everything.
        root: The operator's own key, which is in no table.
        clock: A monotonic clock, in seconds.
    """

    def __init__(
        self,
        source: KeySource,
        *,
        required: bool,
        root: KeyText | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.required = required
        self._source = source
        self._clock = clock
        self._root = _Known(clock())
        if root is not None:
            self._root = _Known(clock(), ROOT_KEY.caller, root.secret_sha256)
        self._keys: LRUCache[str, _Known] = LRUCache(MAX_REMEMBERED)
        # A cache of its own, so that invented ids evict no key.
        self._no_keys: LRUCache[str, _Known] = LRUCache(MAX_REMEMBERED)
        self._look_ups = LookUps()
        self._batcher = Batcher(self._read, select=_next_batch, name="read keys")
        self._revocations = 0

    async def authenticate(self, text: str) -> Caller:
        """Return the caller that the key belongs to.

        Args:
            text: The key; empty if the call has none.

        Raises:
            UnauthenticatedError: KEY_MISSING or KEY_INVALID; KEY_REVOKED or KEY_EXPIRED only for
                callers that know the secret.
            UnavailableError: the database does not answer.
            OverloadedError: OVERLOADED: too many calls wait for a lookup.
        """
        if not self.required:
            return ANYONE
        if not text:
            raise key_missing()
        parsed = parse_key(text)
        if parsed is None:
            raise key_invalid()
        known = self._root if parsed.key_id == ROOT_KEY_ID else await self._find(parsed.key_id)
        is_right = hmac.compare_digest(known.secret_sha256, parsed.secret_sha256)
        if known.caller is None or not is_right:
            raise key_invalid()
        if known.revoked:
            raise key_revoked(parsed.key_id)
        if known.good_until is not None and self._clock() >= known.good_until:
            raise key_expired(parsed.key_id)
        return known.caller

    def forget(self, key_id: str) -> None:
        """Drop a revoked key from the cache; a lookup under way does not put it back."""
        self._revocations += 1
        self._keys.pop(key_id, None)

    async def _find(self, key_id: str) -> _Known:
        known = self._keys.get(key_id) or self._no_keys.get(key_id)
        if known is not None and self._clock() - known.read_at <= MAX_AGE:
            return known
        with self._look_ups:
            found: _Known = await self._batcher.submit(_LookUp(key_id))
        return found

    async def _read(self, batch: Sequence[_LookUp]) -> None:
        # Callers that arrive from now on join the next batch: they may know of a revocation that
        # this read does not see.
        read_at, revocations = self._clock(), self._revocations
        found = await self._source.find(list(dict.fromkeys(look_up.key_id for look_up in batch)))
        for look_up in batch:
            known = _known(found.get(look_up.key_id), read_at)
            if revocations == self._revocations:
                (self._no_keys if known.caller is None else self._keys)[look_up.key_id] = known
            look_up.resolve(known)


def _next_batch(waiting: Iterable[_LookUp]) -> list[_LookUp]:
    """Return the calls that wait for the first MAX_BATCH distinct ids."""
    key_ids: set[str] = set()
    batch = []
    for look_up in waiting:
        if look_up.key_id in key_ids or len(key_ids) < MAX_BATCH:
            key_ids.add(look_up.key_id)
            batch.append(look_up)
    return batch


def _known(found: FoundKey | None, read_at: float) -> _Known:
    if found is None:
        return _Known(read_at)
    return _Known(
        read_at,
        found.key.caller,
        found.secret_sha256,
        None if found.lifetime is None else read_at + found.lifetime.total_seconds(),
        found.key.revoke_time is not None,
    )
