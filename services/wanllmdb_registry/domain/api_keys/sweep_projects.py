"""A cache of the projects of sweeps: a sweep never changes its project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Protocol

from cachetools import TTLCache

MAX_REMEMBERED = 50_000
# Seconds. An id may be used for another sweep a day after its sweep was deleted.
MAX_AGE = 600.0
# Sweeps of one call: as many as any valid call names. Further ones count as missing.
MAX_LOOKED_UP = 1_000
# Characters of a sweep's id. An id has no NUL, either, which PostgreSQL can't search for.
_MAX_LENGTH = 200


class ProjectSource(Protocol):
    """The table of sweeps."""

    async def find_projects(self, sweep_ids: Iterable[str]) -> Mapping[str, str]:
        """Return the projects of the sweeps by id; missing sweeps are omitted."""


class SweepProjects:
    """Finds the projects of sweeps; missing sweeps are not cached."""

    def __init__(self, source: ProjectSource) -> None:
        self._source = source
        self._known: TTLCache[str, str] = TTLCache(MAX_REMEMBERED, MAX_AGE)

    async def of(self, sweep_ids: Set[str], own: Set[str]) -> Mapping[str, str]:
        """Return the projects of the sweeps by id; missing sweeps are omitted.

        Args:
            sweep_ids: The sweeps.
            own: The projects of the caller. A sweep of another project is looked up every time,
                like a missing sweep, so that the duration does not reveal which of the two it is.

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
