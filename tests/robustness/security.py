"""What the platform requires of callers in a schedule: keys, TLS, certificates."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Security:
    """How the services are started.

    Attributes:
        keys: Every call needs an API key.
        tls: The services use TLS with callers and with each other.
        mutual: Callers need a certificate too.
    """

    keys: bool = False
    tls: bool = False
    mutual: bool = False

    def __str__(self) -> str:
        parts = [
            "API keys" if self.keys else "",
            "mutual TLS" if self.mutual else "TLS" if self.tls else "",
        ]
        return " and ".join(filter(None, parts)) or "no keys, no TLS"


PLAIN = Security()

_CHOICES = (
    *[PLAIN] * 8,
    *[Security(keys=True)] * 4,
    *[Security(keys=True, tls=True)] * 5,
    *[Security(keys=True, tls=True, mutual=True)] * 2,
    Security(tls=True),
)


def draw_security(random: Random) -> Security:
    """Draw the security of a schedule: none in 2 of 5 schedules."""
    return random.choice(_CHOICES)
