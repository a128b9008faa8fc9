"""How long ended sweeps, and the metric history of their runs, are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

FOREVER = "forever"
MAX_DAYS = 36_500

_DAYS = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class KeepTime:
    """How long something is kept after its sweep's end; None is for ever.

    Attributes:
        usual: For projects that are not named.
        of_projects: For the named projects.
    """

    usual: timedelta | None = None
    of_projects: Mapping[str, timedelta | None] = field(default_factory=dict)

    @property
    def is_forever(self) -> bool:
        """Whether everything is kept in every project."""
        return self.usual is None and not any(self.of_projects.values())


@dataclass(frozen=True, slots=True)
class Retention:
    """How long sweeps are kept, and the values of their metrics by step."""

    sweeps: KeepTime = field(default_factory=KeepTime)
    history: KeepTime = field(default_factory=KeepTime)

    @property
    def is_forever(self) -> bool:
        """Whether nothing is ever deleted."""
        return self.sweeps.is_forever and self.history.is_forever


def parse_keep_time(text: str) -> KeepTime:
    """Return the time that a text such as "90, vision=30, archive=forever" states, in days.

    Raises:
        ValueError: the text has another form; the message states which part.
    """
    usual: timedelta | None = None
    has_usual = False
    of_projects: dict[str, timedelta | None] = {}
    for part in text.split(","):
        project, is_named, days = part.rpartition("=")
        project = project.strip()
        if bool(is_named) != bool(project):
            raise ValueError(f"'{part.strip()}' names no project before the =")
        if project in of_projects or (not is_named and has_usual):
            raise ValueError(f"'{part.strip()}' repeats what is stated before it")
        if is_named:
            of_projects[project] = _time(days.strip())
        else:
            usual, has_usual = _time(days.strip()), True
    return KeepTime(usual, of_projects)


def _time(text: str) -> timedelta | None:
    if text == FOREVER:
        return None
    if not _DAYS.fullmatch(text) or not 1 <= int(text) <= MAX_DAYS:
        raise ValueError(f"'{text}' is neither {FOREVER} nor a number of days from 1 to {MAX_DAYS}")
    return timedelta(days=int(text))
