"""Paths as W&B writes them: `entity/project/id`, parts of it, and the URL of a page."""

from __future__ import annotations

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

from wanllmdb.apis.public._errors import InvalidPathError

_SCHEME = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/]*")
_KINDS = ("runs", "sweeps")


class ObjectPath(NamedTuple):
    """The parts of a path to a sweep or a run; parts that the path omits are empty."""

    entity: str
    project: str
    id: str


def object_path(path: Any, what: str) -> ObjectPath:
    """Parse the path of a sweep or a run.

    Accepts `entity/project/id`, `project/id`, `id`, with `runs/`, `sweeps/` or a colon before the
    id, and the URL of a page. The parts may be percent-encoded, as in `Run.path`.

    Raises:
        InvalidPathError: the path has none of these forms.
    """
    parts = _parts(path, what)
    for kind in _KINDS:
        if kind in parts[:-1]:
            # What follows the id in a page's URL is a tab of the page.
            place = parts.index(kind)
            parts = [*parts[:place], parts[place + 1]]
    if parts and ":" in parts[-1]:
        parts[-1:] = parts[-1].split(":", maxsplit=1)
    if not 1 <= len(parts) <= 3 or not all(parts) or parts[-1] in _KINDS:
        raise InvalidPathError(
            f"{path!r} is not the path of a {what}: write entity/project/id, project/id, or the "
            "id alone"
        )
    entity, project, identity = [""] * (3 - len(parts)) + [unquote(part.strip()) for part in parts]
    return ObjectPath(entity, project, identity)


def project_path(path: Any) -> tuple[str, str]:
    """Parse `entity/project`, `project`, or the URL of a project's page.

    Raises:
        InvalidPathError: the path has none of these forms.
    """
    parts = _parts(path, "project")
    if len(parts) > 2 and _SCHEME.match(path.strip()):
        parts = parts[:2]
    if not 1 <= len(parts) <= 2 or not all(parts):
        raise InvalidPathError(f"{path!r} is not the path of a project: write entity/project")
    entity, project = [""] * (2 - len(parts)) + [unquote(part.strip()) for part in parts]
    return entity, project


def _parts(path: Any, what: str) -> list[str]:
    if not isinstance(path, str):
        raise InvalidPathError(f"the path of a {what} must be a text, but is {path!r:.100}")
    text = path.strip()
    if _SCHEME.match(text):
        text = re.split(r"[?#]", _SCHEME.sub("", text), maxsplit=1)[0]
    return text.strip("/ ").split("/")
