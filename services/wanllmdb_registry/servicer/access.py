"""Keys and permissions around the registry's calls, and within them where only they can decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from wanllmdb_common.calls.authentication import Authentication, key_text_of
from wanllmdb_common.calls.authorization import Authorization, denied, project_denied
from wanllmdb_common.calls.call import Call, CallStep, current_call
from wanllmdb_common.calls.caller import Role
from wanllmdb_registry.app import Registry
from wanllmdb_registry.domain.api_keys.api_key import ApiKey, scope_of
from wanllmdb_registry.servicer.access_table import ACCESS


def authentication(registry: Registry, failures_per_second: float) -> CallStep:
    """The step that finds out who calls."""
    return Authentication(registry.key_ring.authenticate, failures_per_second)


def authorization(registry: Registry, services: Sequence[str]) -> CallStep:
    """The step that lets them do it or not.

    Raises:
        AccessTableError: an RPC has no row in the table.
    """

    async def projects_of(call: Call, sweep_ids: Set[str]) -> Mapping[str, str]:
        return await registry.sweep_projects.of(sweep_ids, call.caller.projects or frozenset())

    return Authorization(ACCESS, services, projects_of)


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
