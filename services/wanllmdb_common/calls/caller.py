"""Who sends a call, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What a key may do; each may do what those before it may. Numbers as in the protos."""

    READER = 1
    AGENT = 2
    EDITOR = 3
    ADMIN = 4

    @property
    def word(self) -> str:
        """The name as people write it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller.

    Attributes:
        key_id: The id of its API key; empty where the server asks for none.
        role: What it may do.
        projects: Where; None for everywhere.
    """

    key_id: str
    role: Role
    projects: frozenset[str] | None

    def may(self, role: Role, project: str | None) -> bool:
        """Whether it has at least the role, in that project or, for None, everywhere."""
        if self.role < role:
            return False
        return self.projects is None or (project is not None and project in self.projects)


ANYONE = Caller("", Role.ADMIN, None)
"""Whoever calls a server that asks for no keys."""
