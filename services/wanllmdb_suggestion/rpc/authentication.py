"""API keys and projects of sweeps, both looked up at the registry: this service stores no keys."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Set

import structlog
from cachetools import LRUCache, TTLCache

from wanllmdb.api.registry.v1 import key_service_pb2
from wanllmdb_common.calls.authentication import Authentication, LookUps, key_invalid, key_text_of
from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import ANYONE, Caller, Role
from wanllmdb_common.errors import (
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    UnauthenticatedError,
)
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient, scope_of_call
from wanllmdb_suggestion.single_flight import SingleFlight

# The registry authorizes each call for a sweep again. Until this many seconds have passed, a
# revoked key still reaches that check.
CALLER_SECONDS = 5.0

_MAX_CALLERS = 10_000
_MAX_SWEEPS = 100_000
_ALL_PROJECTS = "*"


class CallerDirectory:
    """Callers by key, cached for seconds, so that most calls need no look-up at the registry."""

    def __init__(self, registry: RegistryClient) -> None:
        self._registry = registry
        self._known: TTLCache[bytes, Caller] = TTLCache(_MAX_CALLERS, CALLER_SECONDS)
        self._asking = SingleFlight[bytes, Caller]()
        self._look_ups = LookUps()

    async def authenticate(self, key_text: str) -> Caller:
        """Return the owner of the key; ANYONE if the registry requires no keys.

        Raises:
            UnauthenticatedError: the registry rejects the key.
            UnavailableError: the registry does not answer.
            OverloadedError: OVERLOADED: too many calls wait for a look-up.
        """
        if not (key_text.isascii() and key_text.isprintable()):
            # gRPC metadata can't carry such a text to the registry.
            raise key_invalid()
        digest = _digest(key_text)
        try:
            # `get` would look twice whether the entry is still valid.
            return self._known[digest]
        except KeyError:
            return await self._look_up(digest, key_text)

    def forget(self, key_text: str) -> None:
        """Drop a key that the registry rejected after it was cached."""
        self._known.pop(_digest(key_text), None)

    async def _look_up(self, digest: bytes, key_text: str) -> Caller:
        with self._look_ups:
            caller = await self._asking.do(digest, lambda: self._ask(key_text))
        self._known[digest] = caller
        return caller

    async def _ask(self, key_text: str) -> Caller:
        answer = await self._registry.get_caller(CallScope(key_text=key_text))
        return _caller(answer.key) if answer.keys_required else ANYONE


class CallerStep(Authentication):
    """The call step that authenticates the caller."""

    def __init__(self, callers: CallerDirectory, failures_per_second: float) -> None:
        super().__init__(callers.authenticate, failures_per_second)
        self._callers = callers

    def after(self, call: Call) -> None:
        if call.reason.startswith("KEY_"):
            self._callers.forget(key_text_of(call))


class SweepProjects:
    """Projects by sweep, cached for good, because a sweep never changes its project."""

    def __init__(self, registry: RegistryClient) -> None:
        self._registry = registry
        self._known: LRUCache[str, str] = LRUCache(_MAX_SWEEPS)

    async def of(self, call: Call, sweep_ids: Set[str]) -> Mapping[str, str]:
        """Return the projects of the sweeps that the caller may read.

        Raises:
            ServiceError: an error of the registry, except that the sweep does not exist or that
                the caller may not read it.
        """
        found = {}
        own = call.caller.projects
        for sweep_id in sweep_ids:
            project = self._known.get(sweep_id)
            # Sweeps of other projects are looked up again, so that the time of the answer does
            # not show whether such a sweep exists.
            if project is None or (own is not None and project not in own):
                project = await self._ask(call, sweep_id)
            if project is not None:
                found[sweep_id] = project
        return found

    async def _ask(self, call: Call, sweep_id: str) -> str | None:
        try:
            sweep = await self._registry.get_sweep(sweep_id, scope_of_call(call.context))
        except (NotFoundError, PermissionDeniedError):
            return None
        self._known[sweep_id] = sweep.project
        return sweep.project


def _digest(key_text: str) -> bytes:
    if not key_text:
        return b""
    # The key may be any text: texts that are no keys are hashed and forgotten too.
    return hashlib.sha256(key_text.encode(errors="surrogatepass")).digest()


def _caller(key: key_service_pb2.ApiKey) -> Caller:
    everywhere = _ALL_PROJECTS in key.projects
    return Caller(key.key_id, Role(key.role), None if everywhere else frozenset(key.projects))


_PAUSE = 1.0

log = structlog.get_logger(__name__)


async def registry_asks_for_keys(registry: RegistryClient) -> bool:
    """Return whether the registry requires API keys, once it answers."""
    while True:
        try:
            answer = await registry.get_caller(CallScope())
        except UnauthenticatedError:
            return True
        except ServiceError as error:
            log.warning(
                "not serving yet: waiting for the registry to report whether it requires API keys",
                reason=error.reason,
            )
            await asyncio.sleep(_PAUSE)
        else:
            return answer.keys_required
