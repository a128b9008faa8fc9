"""Files that do not belong in a spool, and which must stay there unchanged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from wanllmdb._spool import SpooledRun
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

# The address of another registry, on a port where no user's program listens.
_AWAY = "127.0.0.1:1"
_FOLDER = "folder-0-1.end.json"
# Reading a FIFO would wait for a writer that never comes.
_PIPE = "pipe-0-1.end.json"


class Kind(Enum):
    """An entry that is not a regular file."""

    FOLDER = "folder"
    PIPE = "pipe"


OddFiles: TypeAlias = Mapping[Path, bytes | Kind]
"""What each entry holds, or what it is."""


def _whole(sweep_id: str, registry: str) -> bytes:
    request = pb.FinishRunRequest(sweep_id=sweep_id, number=0, attempt=1, request_id="odd")
    request.succeeded.objective = 1e9
    return SpooledRun(registry, sweep_id, 0, 1, (request,)).to_json()


def put_odd_files(folder: Path, sweep_id: str, registry: str) -> OddFiles:
    """Write the files and return their contents."""
    whole = _whole(sweep_id, registry)
    contents = {
        "half-0-1.end.json": whole[: len(whole) // 2],
        "empty-0-1.end.json": b"",
        "noise-0-1.rows.json": bytes(range(256)),
        "newer-0-1.end.json": whole.replace(b'"version": 1', b'"version": 2'),
        "broken-0-1.end.json": whole.replace(b'"message": "', b'"message": "!'),
        "list-0-1.rows.json": b"[]",
        "deep-0-1.end.json": b"[" * 100_000,
        "another-0-1.end.json": _whole(sweep_id, _AWAY),
        "words.txt": b"not a run's",
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / _FOLDER).mkdir()
    os.mkfifo(folder / _PIPE)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    others = {folder / _FOLDER: Kind.FOLDER, folder / _PIPE: Kind.PIPE}
    return {**others, **{folder / name: data for name, data in contents.items()}}


def changed(files: OddFiles) -> list[str]:
    """Return the names of files that are missing or have another content."""
    return [path.name for path, content in files.items() if not _is_as_before(path, content)]


def _is_as_before(path: Path, content: bytes | Kind) -> bool:
    match content:
        case Kind.FOLDER:
            return path.is_dir()
        case Kind.PIPE:
            return path.is_fifo()
        case bytes():
            return path.is_file() and path.read_bytes() == content
