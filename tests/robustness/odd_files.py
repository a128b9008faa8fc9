"""Files that do not belong in a spool, and must stay there as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wanllmdb._spool import SpooledRun
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

# Another registry's, on a port that no user's program listens on.
_AWAY = "127.0.0.1:1"
_FOLDER = "folder-0-1.end.json"


def _whole(sweep_id: str, registry: str) -> bytes:
    request = pb.FinishRunRequest(sweep_id=sweep_id, number=0, attempt=1, request_id="odd")
    request.succeeded.objective = 1e9
    return SpooledRun(registry, sweep_id, 0, 1, (request,)).to_json()


def put_odd_files(folder: Path, sweep_id: str, registry: str) -> Mapping[Path, bytes | None]:
    """Writes them; gives their contents, None for a folder."""
    whole = _whole(sweep_id, registry)
    contents = {
        "half-0-1.end.json": whole[: len(whole) // 2],
        "empty-0-1.end.json": b"",
        "noise-0-1.rows.json": bytes(range(256)),
        "newer-0-1.end.json": whole.replace(b'"version": 1', b'"version": 2'),
        "broken-0-1.end.json": whole.replace(b'"message": "', b'"message": "!'),
        "list-0-1.rows.json": b"[]",
        "another-0-1.end.json": _whole(sweep_id, _AWAY),
        "words.txt": b"not a run's",
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / _FOLDER).mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {folder / _FOLDER: None, **{folder / name: data for name, data in contents.items()}}


def changed(files: Mapping[Path, bytes | None]) -> list[str]:
    """The names of those that are gone or have another content."""
    return [path.name for path, content in files.items() if not _is_as_before(path, content)]


def _is_as_before(path: Path, content: bytes | None) -> bool:
    if content is None:
        return path.is_dir()
    return path.is_file() and path.read_bytes() == content
