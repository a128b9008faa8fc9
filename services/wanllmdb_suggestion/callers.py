"""Who calls, and what sweeps are about, as the registry says: this service keeps no keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Set

from cachetools import LRUCache, TTLCache

from wanllmdb.api.registry.v1 import key_service_pb2
from wanllmdb_common.calls.authentication import Authentication, LookUps, key_invalid, key_text_of
from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import ANYONE, Caller, Role
from wanllmdb_common.errors import NotFoundError, PermissionDeniedError
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient, scope_of_call
from wanllmdb_suggestion.single_flight import SingleFlight

# The registry judges each call of a sweep anew; here this bounds for how long a key that
# was revoked still gets as far as that.
CALLER_SECONDS = 5.0

_MAX_CALLERS = 10_000
_MAX_SWEEPS = 100_000
_ALL_PROJECTS = "*"


class CallerDirectory:
    """Who has which key; remembered for seconds, so that a call need not ask first."""

    def __init__(self, registry: RegistryClient) -> None:
        self._registry = registry
        self._known: TTLCache[bytes, Caller] = TTLCache(_MAX_CALLERS, CALLER_SECONDS)
        self._asking = SingleFlight[bytes, Caller]()
        self._look_ups = LookUps()

    async def authenticate(self, key_text: str) -> Caller:
        """Who has the key; who brings none, where the registry asks for none, is ANYONE.

        Raises:
            UnauthenticatedError: the registry's.
            UnavailableError: the registry does not answer.
            OverloadedError: OVERLOADED: too many wait for it.
        """
        if not (key_text.isascii() and key_text.isprintable()):
            # Such a text can't be sent on.
            raise key_invalid()
        digest = _digest(key_text)
        caller = self._known.get(digest)
        if caller is None:
            with self._look_ups:
                caller = await self._asking.do(digest, lambda: self._ask(key_text))
            self._known[digest] = caller
        return caller

    def forget(self, key_text: str) -> None:
        """The registry refused the key meanwhile."""
        self._known.pop(_digest(key_text), None)

    async def _ask(self, key_text: str) -> Caller:
        answer = await self._registry.get_caller(CallScope(key_text=key_text))
        return _caller(answer.key) if answer.keys_required else ANYONE


class CallerStep(Authentication):
    """The step that finds out who calls."""

    def __init__(self, callers: CallerDirectory, failures_per_second: float) -> None:
        super().__init__(callers.authenticate, failures_per_second)
        self._callers = callers

    def after(self, call: Call) -> None:
        if call.reason.startswith("KEY_"):
            self._callers.forget(key_text_of(call))


class SweepProjects:
    """In which projects sweeps are; a sweep stays where it is."""

    def __init__(self, registry: RegistryClient) -> None:
        self._registry = registry
        self._known: LRUCache[str, str] = LRUCache(_MAX_SWEEPS)

    async def of(self, call: Call, sweep_ids: Set[str]) -> Mapping[str, str]:
        """The projects, without those that the registry does not tell the caller.

        Raises:
            ServiceError: the registry's, but for sweeps that are not there for the caller.
        """
        found = {}
        own = call.caller.projects
        for sweep_id in sweep_ids:
            project = self._known.get(sweep_id)
            # One that is known to be elsewhere takes as long as one that is nowhere.
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
    # Any text: what no registry takes for a key is forgotten after its call too.
    return hashlib.sha256(key_text.encode(errors="surrogatepass")).digest()


def _caller(key: key_service_pb2.ApiKey) -> Caller:
    everywhere = _ALL_PROJECTS in key.projects
    return Caller(key.key_id, Role(key.role), None if everywhere else frozenset(key.projects))
