"""What the servicers share: commits, computing, and checks of the caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from wanllmdb_common.calls.authentication import key_text_of
from wanllmdb_common.calls.authorization import denied, project_denied
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.calls.rate_limits import LIGHT_BYTES, rate_limit_class_of
from wanllmdb_common.computing.time_slices import TimeSlices
from wanllmdb_common.did_you_mean import few_hints
from wanllmdb_common.errors import AbortedError
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.api_keys.api_key import ApiKey, scope_of
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.sweep_lifecycle import SpecChangedError
from wanllmdb_registry.domain.unit_of_work import RequestKey

# Each time another update was faster than the check of this one.
_TRIES = 10


class BaseServicer:
    """A group of RPCs over the registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    async def commit(self, sweep_id: str, change: Command) -> bytes:
        """Carry a change out and return its response, new or repeated.

        The response is encoded already, because its bytes are stored for a repeated request, and
        gRPC sends bytes as they are.
        """
        return await self.registry.commits.submit(sweep_id, change)

    async def commit_checked(
        self,
        sweep_id: str,
        key: RequestKey | None,
        check: Callable[[Sweep], Command],
    ) -> bytes:
        """As `commit`, for a change that `check` makes of the sweep, which takes long.

        It is computed beside the event loop and before the transaction, and once more
        where the spec was changed meanwhile.
        """
        # The sweep may be gone by now, and what was fine the first time may be so no more.
        earlier = await self.registry.store.earlier_reply(sweep_id, key)
        if earlier is not None:
            return earlier
        for _ in range(_TRIES):
            sweep = await self.registry.sweeps.get(sweep_id)
            change = await computed(partial(check, sweep))
            try:
                return await self.commit(sweep_id, change)
            except SpecChangedError:
                continue
        raise AbortedError(
            "WRITE_CONFLICT",
            f"the spec of sweep '{sweep_id}' was changed by others again and again meanwhile; "
            "send the same request again",
            sweep_id=sweep_id,
        )


T = TypeVar("T")

_time_slices = TimeSlices()


async def computed(compute: Callable[[], T]) -> T:
    """What `compute` gives, which may take seconds and calls `checkpoint` often.

    Raises:
        InvalidArgumentError: INVALID_REQUEST: it took longer than any work may.
    """
    call = current_call()
    payer = rate_limit_class_of(call)
    # Callers on the server's own machine without keys differ by their connections.
    name = payer.name if payer.is_bounded else call.peer

    def with_few_hints() -> T:
        with few_hints():
            return compute()

    is_large = call.request.ByteSize() > LIGHT_BYTES
    return await _time_slices.compute(with_few_hints, name, is_large=is_large)


def own_projects() -> frozenset[str] | None:
    """The projects of who sends the current call; None for all."""
    return current_call().caller.projects


def require_in_project(role: Role, project: str) -> None:
    """Passes if who sends the current call has the role in the project.

    Raises:
        PermissionDeniedError: PERMISSION_DENIED.
    """
    call = current_call()
    if not call.caller.may(role, project):
        raise project_denied(call.caller, call.rpc, role, project)


def require_admin_of(key: ApiKey | None) -> None:
    """Passes if who sends the current call is an admin of all the key's projects.

    Who may not go everywhere is told the same of a key that does not exist, None.

    Raises:
        PermissionDeniedError: PERMISSION_DENIED.
    """
    caller, rpc = current_call().caller, current_call().rpc
    if caller.projects is None:
        return
    scope = None if key is None else scope_of(key.projects)
    if scope is None or not scope <= caller.projects:
        raise denied(
            caller,
            Role.ADMIN,
            f"{rpc} needs the role admin in all projects of the key that it is about; there is no "
            f"such key within the projects of API key '{caller.key_id}': check the id, or ask an "
            "admin of all projects",
        )


async def require_still_good(registry: Registry) -> None:
    """Passes if the key of the current call still is one, for calls that go on for long.

    Raises:
        UnauthenticatedError: KEY_REVOKED, KEY_EXPIRED.
        UnavailableError: the database does not answer.
    """
    await registry.key_ring.authenticate(key_text_of(current_call()))
