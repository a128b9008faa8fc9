"""Artifacts, which list their files but upload nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn, Self

from wanllmdb._errors import UnsupportedError
from wanllmdb._notes import note
from wanllmdb._wandb.names import NAMES


class ArtifactTTL(Enum):
    """The time for which W&B keeps an artifact."""

    INHERIT = 0


@dataclass
class ArtifactManifestEntry:
    """One file of an artifact, or a reference to one."""

    path: str
    local_path: str | None = None
    ref: str | None = None


class Artifact:
    """Files and references under a name; nothing is copied or uploaded.

    Values that W&B's server would assign (`id`, `version`, `digest`, `url` and similar) are None.
    """

    version: str | None = None
    id: str | None = None
    digest: str | None = None
    url: str | None = None
    commit_hash: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    entity: str | None = None
    project: str | None = None
    collection: Any = None
    history_step: int | None = None
    linked_at: str | None = None
    is_link: bool = False
    state: str = "PENDING"
    source_collection: Any = None
    source_entity: str | None = None
    source_project: str | None = None
    source_version: str | None = None
    name: str
    type: str
    description: str | None
    metadata: dict[str, Any]
    incremental: bool
    use_as: str | None
    digest_algorithm: str
    aliases: list[str]
    tags: list[str]
    ttl: Any
    distributed_id: str | None
    manifest: dict[str, ArtifactManifestEntry]
    linked_artifacts: list[Artifact]

    def __init__(
        self,
        name: str,
        type: str,  # noqa: A002 - W&B's name of it
        description: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        incremental: bool = False,
        use_as: str | None = None,
        storage_region: str | None = None,
        digest_algorithm: str = "MD5",
    ) -> None:
        self.name, self.type, self.description = name, type, description
        self.metadata = dict(metadata or {})
        self.incremental, self.use_as = incremental, use_as
        self.storage_region, self.digest_algorithm = storage_region, digest_algorithm
        self.aliases = []
        self.tags = []
        self.ttl = ArtifactTTL.INHERIT
        self.distributed_id = None
        self.manifest = {}
        self.linked_artifacts = []

    @property
    def qualified_name(self) -> str:
        """The name."""
        return self.name

    @property
    def source_name(self) -> str:
        """The name."""
        return self.name

    @property
    def source_qualified_name(self) -> str:
        """The name."""
        return self.name

    @property
    def source_artifact(self) -> Self:
        """The artifact itself."""
        return self

    @property
    def file_count(self) -> int:
        """The number of added files."""
        return len(self.manifest)

    @property
    def size(self) -> int:
        """The total size of the existing files, in bytes."""
        paths = [Path(entry.local_path) for entry in self.manifest.values() if entry.local_path]
        return sum(path.stat().st_size for path in paths if path.is_file())

    @contextmanager
    def new_file(
        self, name: str, mode: str = "x", encoding: str | None = None, policy: str = "mutable"
    ) -> Iterator[IO[Any]]:
        """Open a file for writing; it is deleted when it is closed."""
        del policy
        self._add(name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(name).name
            with path.open(mode, encoding=encoding) as file:
                yield file

    def add_file(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        overwrite: bool = False,
    ) -> ArtifactManifestEntry:
        """Add a file to the list.

        Raises:
            ValueError: there is no such file.
        """
        del is_tmp, skip_cache, policy, overwrite
        path = Path(local_path)
        if not path.is_file():
            raise ValueError(f"artifact {self.name!r}: {str(path)!r} is not a file")
        return self._add(name or path.name, local_path=str(path))

    def add_dir(
        self,
        local_path: str | os.PathLike[str],
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        merge: bool = False,
    ) -> None:
        """Add a folder's files to the list.

        Raises:
            ValueError: there is no such folder.
        """
        del skip_cache, policy, merge
        folder = Path(local_path)
        if not folder.is_dir():
            raise ValueError(f"artifact {self.name!r}: {str(folder)!r} is not a folder")
        for path in folder.rglob("*"):
            if path.is_file():
                inner = Path(name or "") / path.relative_to(folder)
                self._add(inner.as_posix(), local_path=str(path))

    def add_reference(
        self,
        uri: ArtifactManifestEntry | str,
        name: str | os.PathLike[str] | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[ArtifactManifestEntry]:
        """Add a reference to the list."""
        del checksum, max_objects
        text = uri if isinstance(uri, str) else uri.ref or uri.path
        return [self._add(str(name or text.rpartition("/")[2]), ref=text)]

    def add(
        self, obj: Any, name: str | os.PathLike[str], overwrite: bool = False
    ) -> ArtifactManifestEntry:
        """Add a table or an image to the list."""
        del overwrite
        return self._add(f"{os.fspath(name)}.{type(obj).__name__.lower()}.json")

    def remove(self, item: str | os.PathLike[str] | ArtifactManifestEntry) -> None:
        """Remove a file from the list."""
        del self.manifest[self.get_entry(item).path]

    def get_entry(
        self, name: str | os.PathLike[str] | ArtifactManifestEntry
    ) -> ArtifactManifestEntry:
        """A file of the list.

        Raises:
            KeyError: there is no such file.
        """
        return self.manifest[
            name.path if isinstance(name, ArtifactManifestEntry) else os.fspath(name)
        ]

    def get_path(self, name: str | os.PathLike[str]) -> ArtifactManifestEntry:
        """The same as `get_entry`, under an older name."""
        return self.get_entry(name)

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """The name under which a file is listed; None if it is not."""
        entries = self.manifest.values()
        return next((entry.path for entry in entries if entry.local_path == local_path), None)

    def finalize(self) -> None:
        """Do nothing."""

    def save(self, project: str | None = None, settings: Any = None) -> None:
        """Do nothing except print a note, once per process."""
        del project, settings
        note(f"log_artifact: {NAMES['log_artifact'].what}")

    def wait(self, timeout: int | None = None) -> Self:
        """The artifact itself: there is nothing to wait for."""
        del timeout
        return self

    def link(self, target_path: str, aliases: Iterable[str] | None = None) -> Self:
        """Do nothing except print a note, once per process."""
        del target_path, aliases
        note(f"link_artifact: {NAMES['link_model'].what}")
        return self

    def unlink(self) -> None:
        """Do nothing."""

    def delete(self, delete_aliases: bool = False) -> None:
        """Do nothing: nothing was uploaded."""

    def is_draft(self) -> bool:
        """True: nothing was uploaded."""
        return True

    def json_encode(self) -> dict[str, Any]:
        """The artifact's name and type."""
        return {"name": self.name, "type": self.type, "id": None}

    def download(
        self,
        root: str | os.PathLike[str] | None = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: str | os.PathLike[str] | None = None,
        multipart: bool | None = None,
    ) -> NoReturn:
        """Raise an UnsupportedError.

        Raises: UnsupportedError: always; the message says what to do.
        """
        self._refuse("download")

    def checkout(self, root: str | None = None) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("checkout")

    def file(self, root: str | None = None) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("file")

    def files(
        self, names: list[str] | None = None, per_page: int = 50, start: str | None = None
    ) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("files")

    def get(self, name: str) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("get")

    def new_draft(self) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("new_draft")

    def verify(self, root: str | None = None) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("verify")

    def used_by(self) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("used_by")

    def logged_by(self) -> NoReturn:
        """Raise an UnsupportedError, as `download` does."""
        self._refuse("logged_by")

    def __repr__(self) -> str:
        return f"<artifact {self.name!r} of type {self.type!r}, kept and not sent>"

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise AttributeError(f"Artifact has no {name!r} here: its files are not uploaded")

    def _add(
        self, name: str, local_path: str | None = None, ref: str | None = None
    ) -> ArtifactManifestEntry:
        entry = self.manifest[name] = ArtifactManifestEntry(name, local_path, ref)
        return entry

    def _refuse(self, what: str) -> NoReturn:
        raise UnsupportedError(
            f"Artifact.{what}: {self.name!r} was not uploaded; {NAMES['use_artifact'].what}"
        )
