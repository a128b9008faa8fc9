"""The API keys of one sweep's project, and the times at which they expire or are revoked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from wanllmdb_common.calls.caller import Role

# Seconds for which a replica may accept a key that was revoked through another replica, and after
# which the replica ends a watch that the key opened; see docs/security.md.
CACHE_SECONDS = 3.0
WATCH_SECONDS = 5.0

# Seconds by which the caller's and the server's clocks may differ, including the time of a call.
CLOCK_SLACK = 0.5

# A replica reads with a key how long the key is still valid. If the database answers late, the
# replica counts that delay as passed.
EARLY_EXPIRY = 4.0


class Refusal(StrEnum):
    """Why a server rejects a key."""

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
    **dict.fromkeys(["CancelSweep", "FinishSweep", "CancelRuns"], Role.EDITOR),
    **dict.fromkeys(
        ["Suggest", "ReportMetrics", "FinishRun", "ReleaseRun", "Heartbeat", "UpdateRun"],
        Role.AGENT,
    ),
}


def level_of(method: str) -> Role:
    """Return the role level that the method requires."""
    return _LEVELS.get(method, Role.READER)


@dataclass(eq=False, slots=True)
class Key:
    """One key, valid or not; times are seconds from the start of the traffic.

    Attributes:
        name: A name for reports.
        text: The text that a call sends; empty for no key.
        project: The project in which the key is valid; empty for every project.
        role: The role of the key there.
        never: Why the key is invalid from the start.
        expires: When the key expires.
        revoking: When its revocation was first requested.
        revoked: When the revocation was acknowledged.
        revoked_by: The replica that acknowledged the revocation.
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
        """Return why a call at this time is certainly rejected, or None if it may be accepted."""
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
        """Return whether the key is certainly valid between these times."""
        return (
            self.refusal(method, project, "", begin) is None
            and end < self.revoking
            and end < self.expires - EARLY_EXPIRY
        )

    def __str__(self) -> str:
        return f"{self.name} key"


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys of a project's own agents and users, which are valid until the end."""

    project: str
    admin: Key
    editor: Key
    agent: Key
    reader: Key

    def key_for(self, method: str) -> Key:
        """Return the key with the lowest role that may call the method."""
        match level_of(method):
            case Role.ADMIN:
                return self.admin
            case Role.EDITOR:
                return self.editor
            case Role.AGENT:
                return self.agent
            case _:
                return self.reader
