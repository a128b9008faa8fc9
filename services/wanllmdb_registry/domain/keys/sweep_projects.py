"""The projects of sweeps, remembered: a sweep never changes its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Protocol

from cachetools import TTLCache

MAX_REMEMBERED = 50_000
# Seconds. A day after a sweep was deleted its creator may use the id for another one.
MAX_AGE = 600.0
# Of one call: as many as any that is well formed is about. The others count as none.
MAX_LOOKED_UP = 1_000
# What can be a sweep's id; also NUL, which PostgreSQL can't look for, is in none.
_MAX_LENGTH = 200


class ProjectSource(Protocol):
    """Where sweeps are kept."""

    async def find_projects(self, sweep_ids: Iterable[str]) -> Mapping[str, str]:
        """The projects of those of the sweeps that there are, by id."""


class SweepProjects:
    """Finds projects; of a sweep that does not exist nothing is remembered."""

    def __init__(self, source: ProjectSource) -> None:
        self._source = source
        self._known: TTLCache[str, str] = TTLCache(MAX_REMEMBERED, MAX_AGE)

    async def of(self, sweep_ids: Set[str], own: Set[str]) -> Mapping[str, str]:
        """The projects by id; without those that do not exist, or can't.

        Args:
            sweep_ids: The sweeps.
            own: The projects of who asks. A sweep in another one is looked up each time: as
                one that is nowhere, and so nobody learns from how long it takes which it is.

        Raises:
            UnavailableError: the database does not answer.
        """
        known = {}
        for sweep_id in sweep_ids:
            project = self._known.get(sweep_id)
            if project is not None and project in own:
                known[sweep_id] = project
        unknown = [each for each in sweep_ids - known.keys() if _can_be_id(each)][:MAX_LOOKED_UP]
        if unknown:
            found = await self._source.find_projects(unknown)
            self._known.update(found)
            known.update(found)
        return known


def _can_be_id(text: str) -> bool:
    return 0 < len(text) <= _MAX_LENGTH and "\x00" not in text
