"""Authorization: which role each RPC needs, and the step that checks the caller's key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pool

from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import Caller, Role
from wanllmdb_common.errors import PermissionDeniedError

ProjectsOf = Callable[[Call, Set[str]], Awaitable[Mapping[str, str]]]
"""Finds the projects of sweeps by their ids, for a call. Ids that are unknown or malformed have no
entry. Called only for callers whose keys are limited to projects."""


class Authorization:
    """Checks role and project before a request is validated or anything is looked up.

    A caller that may not act in all projects gets the same error for a sweep in another
    project and for a sweep that does not exist. This step comes after the one that sets
    `Call.caller`.

    Args:
        table: The access that each RPC needs.
        services: The full names of the services that are served.
        projects_of: Finds the projects of sweeps.

    Raises:
        AccessTableError: the table and the services' RPCs do not match.
    """

    def __init__(
        self, table: AccessTable, services: Iterable[str], projects_of: ProjectsOf
    ) -> None:
        check_complete(table, services)
        self._table = table
        self._projects_of = projects_of

    async def before(self, call: Call) -> None:
        access = self._table[call.method]
        caller = call.caller
        if caller.role < access.role:
            raise role_too_low(caller, call.rpc, access.role)
        needs = list(access.needs(call.request))
        for need in needs:
            if caller.role < need.role:
                raise role_too_low(caller, call.rpc, need.role)
        if caller.projects is not None and needs:
            await self._check_projects(call, caller.projects, needs)

    def after(self, call: Call) -> None:
        pass

    async def _check_projects(self, call: Call, own: Set[str], needs: Iterable[Need]) -> None:
        on_sweeps: dict[str, Role] = {}
        for need in needs:
            match need:
                case InProject(project, role):
                    if project is None or project not in own:
                        raise project_denied(call.caller, call.rpc, role, project)
                case OnSweep(sweep_id, role):
                    on_sweeps[sweep_id] = role
        if not on_sweeps:
            return
        projects = await self._projects_of(call, on_sweeps.keys())
        for sweep_id, role in on_sweeps.items():
            if projects.get(sweep_id) not in own:
                raise sweep_denied(call.caller, call.rpc, role, sweep_id)


def role_too_low(caller: Caller, rpc: str, role: Role) -> PermissionDeniedError:
    """Return PERMISSION_DENIED for a key whose role is too low in every project."""
    return denied(
        caller,
        role,
        f"{rpc} needs the role {role.word}, and API key '{caller.key_id}' has {caller.role.word}: "
        "ask an admin for another key",
    )


def project_denied(
    caller: Caller, rpc: str, role: Role, project: str | None
) -> PermissionDeniedError:
    """Return PERMISSION_DENIED for a project (None: all projects) outside the key's projects."""
    where = "all projects" if project is None else f"project '{project:.100}'"
    return denied(
        caller,
        role,
        f"{rpc} needs the role {role.word} in {where}, where API key '{caller.key_id}' has none: "
        "ask an admin for another key",
    )


def sweep_denied(caller: Caller, rpc: str, role: Role, sweep_id: str) -> PermissionDeniedError:
    """Return PERMISSION_DENIED for a sweep outside the key's projects, whether it exists or not."""
    return denied(
        caller,
        role,
        f"{rpc} needs the role {role.word} in the project of sweep '{sweep_id:.100}'; there is no "
        f"such sweep in the projects of API key '{caller.key_id}': check the id, or ask an admin "
        "for another key",
    )


def denied(caller: Caller, role: Role, message: str) -> PermissionDeniedError:
    """Return PERMISSION_DENIED with the needed role; the message must not reveal stored data."""
    return PermissionDeniedError(
        "PERMISSION_DENIED", message, key_id=caller.key_id, needed_role=role.name
    )


@dataclass(frozen=True, slots=True)
class OnSweep:
    """The role is needed in the project of a sweep."""

    sweep_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class InProject:
    """The role is needed in a project, or in all projects where it is None."""

    project: str | None
    role: Role


Need = OnSweep | InProject


def _nothing(_request: Any) -> Sequence[Need]:
    return ()


@dataclass(frozen=True, slots=True)
class Access:
    """The access that one RPC needs.

    Attributes:
        role: The role that every call needs; checked before the request is read.
        where: The projects in which the role is needed, as text for the documentation.
        needs: Returns the further needs of a given request, without looking at stored data.
            Must not raise, whatever the request holds.
    """

    role: Role
    where: str
    needs: Callable[[Any], Iterable[Need]] = _nothing


AccessTable = Mapping[str, Access]
"""The access of each RPC by its full name, `/package.Service/Rpc`."""


class AccessTableError(Exception):
    """RPCs and table rows do not match: the server must not start."""


def of_service(service: str, rows: Mapping[str, Access]) -> dict[str, Access]:
    """Return the part of an access table for one service, from rows keyed by RPC name."""
    return {f"/{service}/{rpc}": access for rpc, access in rows.items()}


def check_complete(table: AccessTable, services: Iterable[str]) -> None:
    """Check that the table has a row for each RPC of the services, and no other row.

    Raises:
        AccessTableError: names every RPC without a row and every row without an RPC.
    """
    rpcs = {rpc for service in services for rpc in rpcs_of(service)}
    problems = [f"{rpc} has no row" for rpc in sorted(rpcs - table.keys())]
    problems += [f"the row {rpc} matches no RPC" for rpc in sorted(table.keys() - rpcs)]
    if problems:
        raise AccessTableError(f"the access table is wrong: {'; '.join(problems)}")


def rpcs_of(service: str) -> list[str]:
    """Return the full names of a service's RPCs, in the order of the proto."""
    methods = descriptor_pool.Default().FindServiceByName(service).methods
    return [f"/{service}/{method.name}" for method in methods]
