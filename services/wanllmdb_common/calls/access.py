"""The table RPC -> what a caller's key must allow, and the check that no RPC lacks a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf import descriptor_pool

from wanllmdb_common.calls.caller import Role


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
