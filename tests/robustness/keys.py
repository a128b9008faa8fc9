"""The API keys of one sweep's project, and what became of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from wanllmdb_common.calls.caller import Role

# Seconds for which a replica may take a key for good that another one has revoked, and after
# which it ends a watch that the key opened; see docs/security.md.
CACHE_SECONDS = 3.0
WATCH_SECONDS = 5.0

# By how much the clocks of a caller and of what it is told may differ, with what a call takes
# from one to the other.
CLOCK_SLACK = 0.5

# A replica learns with a key how long it is still good. Where the database's answer takes its
# time, the replica counts that time as passed.
EARLY_EXPIRY = 4.0


class Refusal(StrEnum):
    """Why a server refuses a key."""

    MISSING = "KEY_MISSING"
    INVALID = "KEY_INVALID"
    REVOKED = "KEY_REVOKED"
    EXPIRED = "KEY_EXPIRED"
    DENIED = "PERMISSION_DENIED"


REFUSALS = frozenset(Refusal)

_LEVELS = {
    **dict.fromkeys(["CreateKey", "RevokeKey", "ListKeys"], Role.ADMIN),
    **dict.fromkeys(
        ["CreateSweep", "UpdateSweep", "EnqueueRuns", "RetryRuns", "PauseSweep", "ResumeSweep"],
        Role.EDITOR,
    ),
    **dict.fromkeys(["CancelSweep", "FinishSweep"], Role.EDITOR),
    **dict.fromkeys(
        ["Suggest", "ReportMetrics", "FinishRun", "ReleaseRun", "Heartbeat", "UpdateRun"],
        Role.AGENT,
    ),
}


def level_of(method: str) -> Role:
    """What a caller of the method must be."""
    return _LEVELS.get(method, Role.READER)


@dataclass(eq=False, slots=True)
class Key:
    """One key, good or not; times are seconds from the start of the traffic.

    Attributes:
        name: For people.
        text: What a call brings; empty for none.
        project: Where it is good; empty for every project.
        role: What it may do there.
        never: Why it is no good from the start.
        expires: From when on it is refused.
        revoking: When its revocation was first asked for.
        revoked: When that was acknowledged.
        revoked_by: The replica that acknowledged it.
    """

    name: str
    text: str
    project: str = ""
    role: Role = Role.READER
    never: Refusal | None = None
    expires: float = math.inf
    revoking: float = math.inf
    revoked: float = math.inf
    revoked_by: str = ""

    def refusal(self, method: str, project: str, target: str, at: float) -> Refusal | None:
        """Why a call that is sent at this time is refused for certain; None where it is not."""
        if self.never is not None:
            return self.never
        cached = 0.0 if target == self.revoked_by else CACHE_SECONDS + CLOCK_SLACK
        if at > self.revoked + cached:
            return Refusal.REVOKED
        if at > self.expires + CLOCK_SLACK:
            return Refusal.EXPIRED
        is_foreign = method not in ("ListSweeps", "ListKeys") and self.project not in ("", project)
        return Refusal.DENIED if is_foreign or self.role < level_of(method) else None

    def is_good(self, method: str, project: str, begin: float, end: float) -> bool:
        """Whether nothing about the key allows to refuse a call between these times."""
        return (
            self.refusal(method, project, "", begin) is None
            and end < self.revoking
            and end < self.expires - EARLY_EXPIRY
        )

    def __str__(self) -> str:
        return f"{self.name} key"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that a project's own people use; all are good until the end."""

    project: str
    admin: Key
    editor: Key
    agent: Key
    reader: Key

    def key_for(self, method: str) -> Key:
        """The least one that may call the method."""
        match level_of(method):
            case Role.ADMIN:
                return self.admin
            case Role.EDITOR:
                return self.editor
            case Role.AGENT:
                return self.agent
            case _:
                return self.reader
