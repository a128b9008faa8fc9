"""Check API keys: results are cached for seconds, and lookups are batched."""

from __future__ import annotations

import asyncio
import contextvars
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
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
from wanllmdb_registry.domain.api_keys.api_key import (
    ROOT_KEY,
    ROOT_KEY_ID,
    FoundKey,
    KeyText,
    parse_key,
)

# Seconds for which a key is taken to be as it was read: how long one that was revoked
# through another replica may still be good here.
MAX_AGE = 3.0
# Of each kind: keys that there are, and ids that are no key's.
MAX_REMEMBERED = 10_000
MAX_BATCH = 500

# Compared with where there is no key, so that it takes as long as where there is one.
_NO_SECRET = bytes(32)


class KeySource(Protocol):
    """Where keys are kept."""

    async def find(self, key_ids: Sequence[str]) -> Mapping[str, FoundKey]:
        """Those of the keys that there are."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of an id at `read_at`; `caller` is None where it is no key's."""

    read_at: float
    caller: Caller | None = None
    secret_sha256: bytes = field(default=_NO_SECRET, repr=False)
    good_until: float | None = None
    revoked: bool = False


class KeyRing:
    """Finds out who calls.

    A key expires by the database's clock, carried on by this process's own between reads. Ids
    that wait to be looked up while a look-up is under way go together in the next one: however
    many bad keys come in, they cost the database one small query at a time.

    Args:
        source: Where keys are kept.
        required: Whether callers need one; else everybody may do everything.
        root: The operator's own key, which is in no table.
        clock: Seconds of a clock that is never set.
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
        # By themselves, so that made-up ids push no key out.
        self._no_keys: LRUCache[str, _Known] = LRUCache(MAX_REMEMBERED)
        self._waiting: dict[str, asyncio.Future[_Known | Exception]] = {}
        self._look_ups = LookUps()
        self._reader: asyncio.Task[None] | None = None
        self._revocations = 0

    async def authenticate(self, text: str) -> Caller:
        """Who has the key.

        Args:
            text: The key; empty where the call brought none.

        Raises:
            UnauthenticatedError: KEY_MISSING, KEY_INVALID, and, to who knows the secret alone,
                KEY_REVOKED and KEY_EXPIRED.
            UnavailableError: the database does not answer.
            OverloadedError: OVERLOADED: too many wait for it.
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
        """A key was revoked: the next call with it looks it up, and so does any under way."""
        self._revocations += 1
        self._keys.pop(key_id, None)

    async def _find(self, key_id: str) -> _Known:
        known = self._keys.get(key_id) or self._no_keys.get(key_id)
        if known is not None and self._clock() - known.read_at <= MAX_AGE:
            return known
        with self._look_ups:
            return await self._look_up(key_id)

    async def _look_up(self, key_id: str) -> _Known:
        answer = self._waiting.get(key_id)
        if answer is None:
            answer = self._waiting[key_id] = asyncio.get_running_loop().create_future()
            if self._reader is None or self._reader.done():
                self._reader = asyncio.create_task(
                    self._read_all(),
                    name="read keys",
                    # It reads for those who come later too: nothing of the first one's call,
                    # which may have a short deadline, or be over before this is.
                    context=contextvars.Context(),
                )
        # Others may wait for it too.
        found = await asyncio.shield(answer)
        if isinstance(found, Exception):
            raise found
        return found

    async def _read_all(self) -> None:
        while self._waiting:
            # Who comes from now on may know of a revocation that this read does not see.
            waiting = list(islice(self._waiting.items(), MAX_BATCH))
            for key_id, _ in waiting:
                del self._waiting[key_id]
            read_at, revocations = self._clock(), self._revocations
            try:
                found = await self._source.find([key_id for key_id, _ in waiting])
            except Exception as error:  # told to those who wait
                for _, answer in waiting:
                    answer.set_result(error)
                continue
            for key_id, answer in waiting:
                known = _known(found.get(key_id), read_at)
                if revocations == self._revocations:
                    (self._no_keys if known.caller is None else self._keys)[key_id] = known
                answer.set_result(known)


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
