"""The caller of an RPC: its API key, role and projects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """The permissions of a key; each role includes the roles before it. Numbered as in protos."""

    READER = 1
    AGENT = 2
    EDITOR = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The lower-case name, as in messages and on the command line."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller.

    Attributes:
        key_id: The id of its API key; empty if the server requires no keys.
        role: The role of the key.
        projects: The projects of the key; None for all projects.
    """

    key_id: str
    role: Role
    projects: frozenset[str] | None

    def may(self, role: Role, project: str | None) -> bool:
        """Whether the caller has at least the role in a project, or for None in all projects."""
        if self.role < role:
            return False
        return self.projects is None or (project is not None and project in self.projects)


ANYONE = Caller("", Role.ADMIN, None)
"""Every caller of a server that requires no keys."""
