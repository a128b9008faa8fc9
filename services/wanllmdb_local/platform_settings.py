"""What a platform on one machine is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .protection import Protection


@dataclass(frozen=True)
class PlatformSettings:
    """What `up` was asked for.

    Attributes:
        data_dir: Holds everything.
        registry_port: Of the first registry; 0 for a free one.
        suggestion_port: Of the first suggestion service; 0 for a free one.
        replicas: How many of each service. All but the first have free ports.
        database_url: An own PostgreSQL; the embedded one where None.
        protection: Where the services listen, and what protects them there.
    """

    data_dir: Path
    registry_port: int
    suggestion_port: int
    replicas: int = 1
    database_url: str | None = None
    protection: Protection = field(default_factory=Protection)
