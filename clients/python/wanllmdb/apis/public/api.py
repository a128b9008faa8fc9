"""`wandb.Api`, the entry point for reading results."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

from wanllmdb._agent.current import current_run
from wanllmdb._client import Client
from wanllmdb._errors import NoRunError
from wanllmdb._notes import note
from wanllmdb.apis.public._attrs import Attrs
from wanllmdb.apis.public._errors import InvalidQueryError
from wanllmdb.apis.public._paths import object_path, project_path
from wanllmdb.apis.public._reader import Reader
from wanllmdb.apis.public._unsupported import OF_API
from wanllmdb.apis.public.projects import Project, Projects
from wanllmdb.apis.public.runs import Run, Runs
from wanllmdb.apis.public.sweeps import Sweep

_DEFAULT_ENTITY = "wanllmdb"
"""Stands in for W&B's entities, which the platform does not have."""
_NO_KEY = "no-key"
_DEFAULT_PROJECT = "default"
_OWN_KEYS = "wsk_"


class Api(Attrs):
    """Reads sweeps and runs by W&B's names. The API is read-only.

    It reaches the services of the agent in whose training function it is made, else those that
    the environment names. A key with the role `reader` is enough.

    Args:
        overrides: `entity` and `project` for paths that omit them. They default to WANDB_ENTITY and
            WANDB_PROJECT.
        timeout: seconds that a call may take; defaults to the client's timeout.
        api_key: an API key of the platform; a W&B key is ignored, with a note.

    Raises:
        InvalidArgumentError: an address, the key or a TLS file is invalid.
    """

    _UNSUPPORTED: ClassVar[Mapping[str, str]] = OF_API
    _NO_WRITES: ClassVar[str] = "Pass `overrides` to wandb.Api."

    def __init__(
        self,
        overrides: dict[str, Any] | None = None,
        timeout: int | None = None,
        api_key: str | None = None,
    ) -> None:
        overrides = dict(overrides or {})
        if "base_url" in overrides:
            note("wandb.Api ignores base_url: set WANLLMDB_REGISTRY to the registry's address")
        if api_key is not None and not api_key.startswith(_OWN_KEYS):
            note("wandb.Api ignores a key of W&B: set WANLLMDB_API_KEY to the platform's key")
            api_key = None
        client = _client(timeout, api_key)
        self._settings: dict[str, Any] = {
            "entity": os.environ.get("WANDB_ENTITY") or None,
            "project": os.environ.get("WANDB_PROJECT") or None,
            "organization": None,
            **overrides,
            "base_url": client.registry_address,
        }
        self._client = client

    @property
    def _reader(self) -> Reader:
        # A program may change the settings.
        return Reader(self._client, self.default_entity)

    @property
    def settings(self) -> dict[str, Any]:
        """`entity` and `project` for paths that do not name them; `base_url` is the registry's."""
        return self._settings

    @property
    def client(self) -> Reader:
        """The first argument of `Runs`, `Run` and `Sweep`."""
        return self._reader

    @property
    def api_key(self) -> str:
        """The API key, or a placeholder without one, because programs take None for an error."""
        return self._client.api_key or _NO_KEY

    @property
    def default_entity(self) -> str:
        """The entity of paths that omit it; the platform has no entities."""
        return self._settings["entity"] or _DEFAULT_ENTITY

    @property
    def user_agent(self) -> str:
        """A text that identifies the caller."""
        from wanllmdb._version import __version__

        return f"wanllmdb {__version__}"

    def flush(self) -> None:
        """Do nothing: each call reads fresh data."""

    def sweep(self, path: str = "") -> Sweep:
        """One sweep.

        Args:
            path: `entity/project/id`, `project/id` or the id; the id is enough.

        Raises:
            SweepNotFoundError: there is no such sweep.
            InvalidQueryError: the path is invalid.
        """
        entity, project, sweep_id = object_path(path, "sweep")
        return Sweep(self._reader, entity, project, sweep_id)

    def run(self, path: str = "") -> Run:
        """One run.

        Args:
            path: `entity/project/id`, `project/id` or the id; the id is enough.

        Raises:
            RunNotFoundError: there is no such run.
            InvalidQueryError: the path is invalid.
        """
        entity, project, run_id = object_path(path, "run")
        return Run(self._reader, entity, project, run_id)

    def runs(
        self,
        path: str | None = None,
        filters: dict[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        include_sweeps: bool = False,
        lazy: bool = True,
    ) -> Runs:
        """The runs of a project's sweeps that pass a filter, fetched by pages.

        Args:
            path: `entity/project` or `project`; defaults to the project of `overrides` or
                WANDB_PROJECT, else "default".
            filters: conditions in the part of MongoDB's language that W&B supports, such as
                `{"state": "finished", "config.lr": {"$gt": 0.1}}`.
            order: `created_at`, `name`, `config.KEY`, `summary_metrics.KEY` and other fields,
                with `-` before them for descending.
            per_page: runs per page, 1 to 1,000; W&B's default, 50, leaves the choice to
                the API.
            include_sweeps: accepted for programs written for W&B; each run has its sweep.
            lazy: accepted for programs written for W&B; runs are always read whole.

        Raises:
            InvalidQueryError: the path, the filter or the order is invalid. A missing project or
                sweep is reported at the first use of the result.
        """
        del include_sweeps, lazy
        entity, project = self._project(path)
        return Runs(self._reader, entity, project, filters, order, per_page)

    def project(self, name: str, entity: str | None = None) -> Project:
        """One project."""
        return Project(self._reader.of_entity(entity), name)

    def projects(self, entity: str | None = None, per_page: int = 200) -> Projects:
        """All projects that have sweeps."""
        del per_page
        return Projects(self._reader.of_entity(entity))

    def from_path(self, path: str) -> Run | Sweep | Project:
        """The object at a path: a project (`project`, `entity/project`), a run or a sweep.

        Raises:
            NotFoundError: the object does not exist.
            InvalidQueryError: the path is invalid.
        """
        parts = path.strip("/ ").split("/")
        if len(parts) <= 2:
            entity, project = project_path(path)
            return self.project(project, entity or None)
        if "sweeps" in parts[:-1]:
            return self.sweep(path)
        if "reports" in parts[:-1]:
            raise InvalidQueryError(f"{path!r}: the platform has no reports")
        return self.run(path)

    def _project(self, path: str | None) -> tuple[str, str]:
        if path is None:
            return "", self._settings["project"] or _DEFAULT_PROJECT
        return project_path(path)

    def __repr__(self) -> str:
        return f"<Api of {self._client.registry_address}>"


def _client(timeout: float | None, api_key: str | None) -> Client:
    try:
        run = current_run()
    except NoRunError:
        # Several agents work in this process: the environment gives the services' addresses.
        run = None
    if run is None:
        return Client(timeout=timeout, api_key=api_key)
    if api_key is not None:
        client = run.client
        return Client(
            client.registry_address, client.suggestion_address, timeout=timeout, api_key=api_key
        )
    return run.client._reconnected(timeout)
