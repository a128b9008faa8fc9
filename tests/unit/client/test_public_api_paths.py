"""All forms of the paths of W&B's public API."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb.apis.public import InvalidPathError
from wanllmdb.apis.public._paths import object_path, project_path

# Characters that the name of a project or entity may contain unescaped in a path.
NAMES = st.text(
    st.characters(exclude_characters="/:?#%", exclude_categories=("C", "Z")), min_size=1
).filter(lambda name: name not in ("runs", "sweeps"))
IDS = st.from_regex(r"[a-z0-9]{12}(-[0-9]{1,6})?", fullmatch=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("abc-1", ("", "", "abc-1")),
        ("proj/abc-1", ("", "proj", "abc-1")),
        ("proj:abc-1", ("", "proj", "abc-1")),
        ("me/proj/abc-1", ("me", "proj", "abc-1")),
        ("me/proj:abc-1", ("me", "proj", "abc-1")),
        ("me/proj/runs/abc-1", ("me", "proj", "abc-1")),
        ("/me/proj/runs/abc-1/", ("me", "proj", "abc-1")),
        ("proj/sweeps/abc", ("", "proj", "abc")),
        ("runs/abc-1", ("", "", "abc-1")),
        (" me/proj/abc-1 ", ("me", "proj", "abc-1")),
        ("me / proj / abc-1", ("me", "proj", "abc-1")),
        ("https://wandb.ai/me/proj/runs/abc-1", ("me", "proj", "abc-1")),
        ("https://wandb.ai/me/proj/runs/abc-1/overview?nw=nwuser", ("me", "proj", "abc-1")),
        ("https://wandb.ai/me/proj/sweeps/abc#table", ("me", "proj", "abc")),
        ("wanllmdb://localhost:50051/proj/runs/abc-1", ("", "proj", "abc-1")),
        ("wanllmdb://a:1,b:2/me/my%20proj/runs/abc-1", ("me", "my proj", "abc-1")),
        # The default entity and project.
        ("/proj/abc-1", ("", "proj", "abc-1")),
        ("None/proj/abc-1", ("None", "proj", "abc-1")),
    ],
)
def test_a_path_has_an_id_and_perhaps_more(path: str, expected: tuple[str, str, str]) -> None:
    assert object_path(path, "run") == expected


@pytest.mark.parametrize("path", ["", " ", "/", "a/b/c/d", "a//b", "me/proj/runs/", None, 3, b"a"])
def test_what_is_no_path_is_rejected(path: Any) -> None:
    with pytest.raises(InvalidPathError):
        object_path(path, "run")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("proj", ("", "proj")),
        ("me/proj", ("me", "proj")),
        ("/me/proj/", ("me", "proj")),
        ("https://wandb.ai/me/proj", ("me", "proj")),
        ("https://wandb.ai/me/proj/workspace?nw=1", ("me", "proj")),
        ("wanllmdb://localhost:50051/me/my%20proj", ("me", "my proj")),
    ],
)
def test_a_projects_path_has_a_name_and_perhaps_an_entity(
    path: str, expected: tuple[str, str]
) -> None:
    assert project_path(path) == expected


@pytest.mark.parametrize("path", ["", "/", "a/b/c", "a//b", None, 3])
def test_what_is_no_projects_path_is_rejected(path: Any) -> None:
    with pytest.raises(InvalidPathError):
        project_path(path)


@given(entity=NAMES, project=NAMES, identity=IDS, kind=st.sampled_from(["", "runs/", "sweeps/"]))
def test_any_path_that_is_written_is_read_back(
    entity: str, project: str, identity: str, kind: str
) -> None:
    parts = (entity, project, identity)
    plain = f"{entity}/{project}/{kind}{identity}"
    encoded = "/".join(quote(part, safe="") for part in parts)

    assert object_path(plain, "run") == object_path(encoded, "run") == parts
