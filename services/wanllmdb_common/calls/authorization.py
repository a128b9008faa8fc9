"""The step that lets a call pass or not, by the caller's key and the table of access."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pool

from wanllmdb_common.calls.call import Call
from wanllmdb_common.calls.caller import Caller, Role
from wanllmdb_common.errors import PermissionDeniedError

ProjectsOf = Callable[[Call, Set[str]], Awaitable[Mapping[str, str]]]
"""The projects of sweeps by their ids, for a call; without an entry for those that do not exist
and for ids that can't be any. Asked only for callers who may not go everywhere."""


class Authorization:
    """Decides by role and project, before anything of a request is looked at or looked up.

    Who may not act in all projects is told the same of a sweep in another project and of
    one that does not exist. Comes after the step that sets `Call.caller`.

    Args:
        table: What each RPC needs.
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
    """PERMISSION_DENIED for a key whose role is not enough anywhere."""
    return denied(
        caller,
        role,
        f"{rpc} needs the role {role.word}, and API key '{caller.key_id}' has {caller.role.word}: "
        "ask an admin for another key",
    )


def project_denied(
    caller: Caller, rpc: str, role: Role, project: str | None
) -> PermissionDeniedError:
    """PERMISSION_DENIED for a project, None for all of them, that is not the key's."""
    where = "all projects" if project is None else f"project '{project:.100}'"
    return denied(
        caller,
        role,
        f"{rpc} needs the role {role.word} in {where}, where API key '{caller.key_id}' has none: "
        "ask an admin for another key",
    )


def sweep_denied(caller: Caller, rpc: str, role: Role, sweep_id: str) -> PermissionDeniedError:
    """PERMISSION_DENIED for a sweep in another project, or nowhere: not even that is told."""
    return denied(
        caller,
        role,
        f"{rpc} needs the role {role.word} in the project of sweep '{sweep_id:.100}'; there is no "
        f"such sweep in the projects of API key '{caller.key_id}': check the id, or ask an admin "
        "for another key",
    )


def denied(caller: Caller, role: Role, message: str) -> PermissionDeniedError:
    """PERMISSION_DENIED with the role that was needed; the message may tell nothing stored."""
    return PermissionDeniedError(
        "PERMISSION_DENIED", message, key_id=caller.key_id, needed_role=role.word
    )


@dataclass(frozen=True, slots=True)
class OnSweep:
    """The role is needed in the project of a sweep."""

    sweep_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class InProject:
    """The role is needed in a project; for None in all of them."""

    project: str | None
    role: Role


Need = OnSweep | InProject


def _nothing(_request: Any) -> Sequence[Need]:
    return ()


@dataclass(frozen=True, slots=True)
class Access:
    """What one RPC needs.

    Attributes:
        role: For any call of it, whatever it is about: told before anything of the request.
        where: In which projects, in words, for the documentation.
        needs: What a given request needs besides, found without a look at anything stored.
            Must not raise, whatever the request holds.
    """

    role: Role
    where: str
    needs: Callable[[Any], Iterable[Need]] = _nothing


AccessTable = Mapping[str, Access]
"""By the full name of the RPC, `/package.Service/Rpc`."""


class AccessTableError(Exception):
    """RPCs and rows do not match: the server must not start."""


def of_service(service: str, rows: Mapping[str, Access]) -> dict[str, Access]:
    """The part of a table for one service, from rows by the RPC's own name."""
    return {f"/{service}/{rpc}": access for rpc, access in rows.items()}


def check_complete(table: AccessTable, services: Iterable[str]) -> None:
    """Passes if the table has a row for each RPC of the services, and no other row.

    Raises:
        AccessTableError: names every RPC without a row and every row without an RPC.
    """
    rpcs = {rpc for service in services for rpc in rpcs_of(service)}
    problems = [f"{rpc} has no row" for rpc in sorted(rpcs - table.keys())]
    problems += [f"the row {rpc} is of no RPC" for rpc in sorted(table.keys() - rpcs)]
    if problems:
        raise AccessTableError(f"the table of who may call what: {'; '.join(problems)}")


def rpcs_of(service: str) -> list[str]:
    """The full names of a service's RPCs, in the order of the proto."""
    methods = descriptor_pool.Default().FindServiceByName(service).methods
    return [f"/{service}/{method.name}" for method in methods]
