"""The base of the servicers: commits, long computations, and checks of the caller."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from wanllmdb_common.calls.authentication import key_text_of
from wanllmdb_common.calls.authorization import denied, project_denied
from wanllmdb_common.calls.call import current_call
from wanllmdb_common.calls.caller import Role
from wanllmdb_common.calls.rate_limits import LIGHT_BYTES, host_of, sharing_name_of
from wanllmdb_common.computing.time_slices import TimeSlices
from wanllmdb_common.did_you_mean import few_hints
from wanllmdb_common.errors import UnavailableError
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.api_keys.api_key import ApiKey, scope_of
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.model import Sweep
from wanllmdb_registry.domain.sweep_events import Requester
from wanllmdb_registry.domain.sweep_lifecycle import SpecChangedError
from wanllmdb_registry.domain.unit_of_work import RequestKey

# Each retry means that another update was committed while this one was checked.
_TRIES = 10


class BaseServicer:
    """A group of RPCs over the registry."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    async def commit(self, sweep_id: str, command: Command) -> bytes:
        """Execute the command and return its response, new or repeated.

        The response is encoded already, because its bytes are stored for a repeated request, and
        gRPC sends bytes as they are.
        """
        return await self.registry.commits.submit(sweep_id, command)

    async def commit_checked(
        self,
        sweep_id: str,
        key: RequestKey | None,
        check: Callable[[Sweep], Command],
    ) -> bytes:
        """Commit the command that `check` builds from the sweep, for checks that take long.

        The check runs beside the event loop and before the transaction, and again if the spec
        changed meanwhile.
        """
        # By now the sweep may be deleted, or the request no longer valid.
        earlier = await self.registry.store.earlier_reply(sweep_id, key)
        if earlier is not None:
            return earlier
        for _ in range(_TRIES):
            sweep = await self.registry.sweeps.get(sweep_id)
            command = await computed(partial(check, sweep))
            try:
                return await self.commit(sweep_id, command)
            except SpecChangedError:
                continue
        raise UnavailableError(
            "WRITE_CONFLICT",
            f"the spec of sweep '{sweep_id}' kept changing while this request was checked; "
            "retry the same request",
            sweep_id=sweep_id,
        )


T = TypeVar("T")

_time_slices = TimeSlices()


async def computed(compute: Callable[[], T]) -> T:
    """Return the result of `compute`, which may take seconds and must call `checkpoint` often.

    Raises:
        InvalidArgumentError: INVALID_REQUEST: the computation took too long.
    """
    call = current_call()

    def with_few_hints() -> T:
        with few_hints():
            return compute()

    is_large = call.request.ByteSize() > LIGHT_BYTES
    return await _time_slices.compute(with_few_hints, sharing_name_of(call), is_large=is_large)


def own_projects() -> frozenset[str] | None:
    """Return the projects of the current caller; None for all projects."""
    return current_call().caller.projects


def requester() -> Requester:
    """Return who makes the current call, for events."""
    call = current_call()
    return Requester(call.caller.key_id, host_of(call.peer))


def require_in_project(role: Role, project: str) -> None:
    """Check that the current caller has the role in the project.

    Raises:
        PermissionDeniedError: PERMISSION_DENIED.
    """
    call = current_call()
    if not call.caller.may(role, project):
        raise project_denied(call.caller, call.rpc, role, project)


def require_admin_of(key: ApiKey | None) -> None:
    """Check that the current caller is an admin of all the key's projects.

    For a key that does not exist, None, a caller limited to projects gets the same error.

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
            f"{rpc} needs the role admin in all projects of the key that it names; there is no "
            f"such key within the projects of API key '{caller.key_id}': check the id, or ask an "
            "admin of all projects",
        )


async def require_still_good(registry: Registry) -> None:
    """Check that the current call's key is still valid, for calls that last long.

    Raises:
        UnauthenticatedError: KEY_REVOKED, KEY_EXPIRED.
        UnavailableError: the database does not answer.
    """
    await registry.key_ring.authenticate(key_text_of(current_call()))
