"""A row of the table, and the expected result of each of its calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import grpc
from google.protobuf.message import Message

from wanllmdb_common.calls.caller import Role

if TYPE_CHECKING:
    from tests.security_table.world import World

Code = grpc.StatusCode


class Scope(Enum):
    """The projects in which a key must be valid for a call."""

    PROJECT = "the project that the request is about"
    ANY = "any project"
    ALL = "all projects"


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Attributes:
        rpc: The full name, `/package.Service/Rpc`.
        make: Makes a valid request about the given project, a new one each time.
        role: The role that the RPC needs.
        scope: The projects in which the RPC needs the role.
        note: What the request is about, if an RPC has several rows.
        allowed: The code with which a permitted call ends.
    """

    rpc: str
    make: Callable[[World, str], Awaitable[Message]]
    role: Role
    scope: Scope = Scope.PROJECT
    note: str = ""
    allowed: Code = Code.OK

    @property
    def name(self) -> str:
        """The RPC's own name and the note."""
        short = self.rpc.rpartition("/")[2]
        return f"{short} ({self.note})" if self.note else short

    def expected(self, role: Role, projects: frozenset[str] | None, project: str) -> Code:
        """Return how a call ends with a key of this role in these projects (None for all)."""
        match self.scope:
            case Scope.PROJECT:
                is_in = projects is None or project in projects
            case Scope.ALL:
                is_in = projects is None
            case Scope.ANY:
                is_in = True
        return self.allowed if role >= self.role and is_in else Code.PERMISSION_DENIED
