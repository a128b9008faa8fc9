"""Ids of sweeps and runs, as people write and copy them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from wanllmdb._errors import InvalidArgumentError

_MOST_PARTS = 3
_SHOWN = 100


def sweep_id_of(text: str) -> str:
    """The id in `id`, `project/id`, `entity/project/id` or a URL that ends in `/sweeps/id`.

    An id is unique in the registry, across all projects.

    Raises:
        InvalidArgumentError: the text has none of these forms.
    """
    return _last_part(text, "sweeps", "a sweep's id, alone or as project/id or entity/project/id")


def run_of(text: str) -> tuple[str, int]:
    """The sweep's id and the run's number from a run's id, `sweep-number`, or a path to it.

    Raises:
        InvalidArgumentError: the text is not the id of a run.
    """
    wanted = "a run's id, such as SWEEP-3, alone or as project/id or entity/project/id"
    run_id = _last_part(text, "runs", wanted)
    sweep_id, dash, number = run_id.rpartition("-")
    if not (sweep_id and dash and number.isascii() and number.isdecimal()):
        raise _no_id(text, wanted)
    return sweep_id, int(number)


def _last_part(text: str, collection: str, wanted: str) -> str:
    path = text
    if "://" in text:
        before, found, path = urlsplit(text).path.rpartition(f"/{collection}/")
        if not found or not before:
            raise _no_id(text, wanted)
    parts = path.split("/")
    if len(parts) > _MOST_PARTS or not all(parts) or re.search(r"\s", path):
        raise _no_id(text, wanted)
    return parts[-1]


def _no_id(text: str, wanted: str) -> InvalidArgumentError:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return InvalidArgumentError(f"{shown!r} is not {wanted}")
