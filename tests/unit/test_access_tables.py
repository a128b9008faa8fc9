"""The access tables check every sweep and project that a request names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tests.security_table.page import TABLES
from wanllmdb_common.calls.authorization import Access, InProject, OnSweep

Path = tuple[str, ...]

# Fields with such a name that need no check: an update does not move a sweep.
IGNORED = {("UpdateSweep", ("sweep", "project"))}


def paths(kind: Descriptor, names: tuple[str, ...], depth: int = 4) -> Iterator[Path]:
    """Return the paths to the text fields of these names within a message."""
    for field in kind.fields:
        if field.type == FieldDescriptor.TYPE_STRING and field.name in names:
            yield (field.name,)
        elif (
            field.message_type is not None
            and depth
            and not field.message_type.GetOptions().map_entry
            and not field.message_type.full_name.startswith("google.")
        ):
            for path in paths(field.message_type, names, depth - 1):
                yield (field.name, *path)


def put(message: Any, path: Path, text: str) -> None:
    """Set the text at the path, with one entry in each list on the way."""
    *way, last = path
    for name in way:
        inner = getattr(message, name)
        message = inner.add() if hasattr(inner, "add") else inner
    value = getattr(message, last)
    if isinstance(value, str):
        setattr(message, last, text)
    else:
        value.append(text)


def cases(*names: str) -> list[Any]:
    found = []
    for access_table in TABLES:
        for rpc, access in access_table.items():
            service, name = rpc[1:].split("/")
            method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
            found += [
                pytest.param(access, method.input_type, path, id=f"{name} {'.'.join(path)}")
                for path in paths(method.input_type, names)
                if (name, path) not in IGNORED
            ]
    return found


def needs_of(access: Access, kind: Descriptor, path: Path, text: str) -> list[object]:
    request = message_factory.GetMessageClass(kind)()
    put(request, path, text)
    return list(access.needs(request))


@pytest.mark.parametrize(("access", "kind", "path"), cases("sweep_id", "sweep_ids"))
def test_a_role_is_needed_in_the_project_of_every_sweep(
    access: Access, kind: Descriptor, path: Path
) -> None:
    needs = needs_of(access, kind, path, "named")
    assert "named" in [need.sweep_id for need in needs if isinstance(need, OnSweep)]


@pytest.mark.parametrize(("access", "kind", "path"), cases("project", "projects"))
def test_a_role_is_needed_in_every_project(access: Access, kind: Descriptor, path: Path) -> None:
    needs = needs_of(access, kind, path, "named")
    assert "named" in [need.project for need in needs if isinstance(need, InProject)]


def test_there_are_such_requests() -> None:
    assert len(cases("sweep_id", "sweep_ids")) > 35
    assert len(cases("project", "projects")) >= 3
