"""Projects, as W&B's public API shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from wanllmdb.apis.public._attrs import Attrs
from wanllmdb.apis.public._errors import InvalidQueryError, ProjectNotFoundError
from wanllmdb.apis.public._lazy import LazyList
from wanllmdb.apis.public._reader import Reader
from wanllmdb.apis.public._run import iso
from wanllmdb.apis.public._unsupported import OF_PROJECT
from wanllmdb.apis.public.sweeps import Sweeps


class Project(Attrs):
    """The sweeps that have one project's name."""

    _UNSUPPORTED: ClassVar[Mapping[str, str]] = OF_PROJECT
    _NO_WRITES: ClassVar[str] = "A sweep's project is the one that it was created in."

    def __init__(self, reader: Reader, name: str) -> None:
        self._reader = reader
        self._name = name

    @property
    def client(self) -> Reader:
        """The first argument of `Runs`, `Run` and `Sweep`."""
        return self._reader

    @property
    def name(self) -> str:
        """The project's name."""
        return self._name

    @property
    def id(self) -> str:
        """The project's name, which is also its id.

        Raises:
            ProjectNotFoundError: the project has no sweeps.
        """
        if not self.sweeps(per_page=1):
            raise ProjectNotFoundError(
                f"there is no project {self._name!r}: a project begins with its first sweep",
                metadata={"project": self._name},
            )
        return self._name

    @property
    def created_at(self) -> str | None:
        """The time at which the project's oldest sweep was created."""
        return iso(self._reader.sweeps_for(self._name, None)[0].create_time)

    @property
    def entity(self) -> str:
        """The entity of the `Api`; the platform has none."""
        return self._reader.entity

    @property
    def path(self) -> list[str]:
        """Entity and project."""
        return [self.entity, self._name]

    @property
    def url(self) -> str:
        """Names the project on its registry; `Api.runs` takes it. There is no page to open."""
        address = self._reader.client.registry_address
        parts = (address, quote(self.entity, safe=""), quote(self._name, safe=""))
        return "wanllmdb://" + "/".join(part for part in parts if part)

    def sweeps(
        self,
        per_page: int = 50,
        filters: dict[str, Any] | None = None,
        order: str | None = None,
    ) -> Sweeps:
        """The project's sweeps, newest first.

        Raises:
            InvalidQueryError: a filter or an order was given; use `Client.list_sweeps` instead.
        """
        if filters or order:
            raise InvalidQueryError(
                "sweeps can't be filtered or ordered here: use Client.list_sweeps(project=..., "
                "states=..., methods=..., query=..., order=...)"
            )
        return Sweeps(self._reader, self._name, per_page)

    def __repr__(self) -> str:
        return f"<Project {'/'.join(self.path)}>"


class Projects(LazyList[Project]):
    """All projects that have sweeps, the one with the newest sweep first."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.entity = reader.entity
        self._reader = reader

    def _open(self) -> Iterator[Project]:
        seen: set[str] = set()
        for sweep in self._reader.sweeps():
            if sweep.project not in seen:
                seen.add(sweep.project)
                yield Project(self._reader, sweep.project)

    def __repr__(self) -> str:
        return f"<Projects {self.entity}>"
