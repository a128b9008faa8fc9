"""The licenses of the packages that the clients in other languages need."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.release import licenses
from deploy.release.clients import (
    UNKNOWN,
    Package,
    archives_of,
    crates_of,
    license_of_files,
    rust_packages,
)
from deploy.release.sbom import bill_of_client

BSD = """Redistributions of source code must retain the above copyright
notice. Neither the name of the company
"""
APACHE = """
                                 Apache License
                           Version 2.0, January 2004
"""


@pytest.mark.parametrize(
    ("files", "license_"),
    [
        ({"LICENSE": BSD}, "BSD-3-Clause"),
        ({"LICENSE.txt": APACHE, "NOTICE": BSD}, "Apache-2.0"),
        ({"LICENCE": "free of charge, to any person obtaining\na copy of this software"}, "MIT"),
        ({"LICENSE": APACHE, "LICENSE.old": BSD}, UNKNOWN),
        ({"LICENSE": "You may look at it."}, UNKNOWN),
        ({"README": BSD}, UNKNOWN),
    ],
)
def test_a_module_has_the_license_of_its_file(
    files: dict[str, str], license_: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert license_of_files(tmp_path) == license_


def crate(name: str, license_: str | None = "MIT") -> dict[str, str | None]:
    return {"id": name, "name": name, "version": "1.0.0", "license": license_}


def node(name: str, **needed: list[str | None]) -> dict[str, Any]:
    return {
        "id": name,
        "deps": [
            {"pkg": each, "dep_kinds": [{"kind": kind} for kind in kinds]}
            for each, kinds in needed.items()
        ],
    }


def test_crates_of_tests_and_of_other_members_are_left_out() -> None:
    metadata = {
        "packages": [
            crate("client"),
            crate("used", "MIT/Apache-2.0"),
            crate("builds"),
            crate("behind", None),
            crate("tests"),
            crate("testee"),
        ],
        "resolve": {
            "root": "client",
            "nodes": [
                node("client", used=[None, "dev"], builds=["build"], tests=["dev"]),
                node("used", behind=[None], tests=["dev"]),
                node("builds", used=[None]),
                node("behind"),
                node("tests"),
                node("testee", client=[None], tests=[None]),
            ],
        },
    }
    assert crates_of(metadata) == [
        Package("behind", "1.0.0", UNKNOWN, "pkg:cargo/behind@1.0.0"),
        Package("builds", "1.0.0", "MIT", "pkg:cargo/builds@1.0.0"),
        Package("used", "1.0.0", "MIT OR Apache-2.0", "pkg:cargo/used@1.0.0"),
    ]


@pytest.mark.parametrize(
    ("entries", "license_"),
    [
        ([{"license": {"id": "MIT"}}], "MIT"),
        ([{"expression": "MIT OR ISC"}], "MIT OR ISC"),
        ([{"license": {"id": "MIT"}}, {"license": {"name": "Ours"}}], "MIT AND Ours"),
        ([], UNKNOWN),
    ],
)
def test_an_archive_has_the_licenses_of_its_bill(
    entries: list[dict[str, Any]], license_: str
) -> None:
    part = {"group": "org.x", "name": "a", "version": "2", "purl": "pkg:maven/org.x/a@2"}
    own = part | {"group": "dev.wanllmdb", "name": "wanllmdb-api"}
    bill = {"components": [own, part | {"licenses": entries}]}
    assert archives_of(bill) == [Package("org.x:a", "2", license_, "pkg:maven/org.x/a@2")]


@pytest.fixture
def go_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Package]:
    """Have Go's tool alone, with packages that the test adds, and a list of its own."""
    packages: list[Package] = []
    monkeypatch.setattr(licenses, "LANGUAGES", {"go": lambda: packages, "rust": rust_packages})
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(licenses, "LIST", tmp_path / "licenses.txt")
    monkeypatch.setattr(licenses, "ROOT", tmp_path)
    monkeypatch.setattr(licenses, "licenses_without_tools", lambda: iter([("python", "p", "MIT")]))
    (tmp_path / "licenses.txt").write_text("python\tp\tMIT\ngo\tx\tMIT\n")
    monkeypatch.setattr(sys, "argv", ["licenses", "--check"])
    return packages


def test_a_language_without_its_tool_is_named(
    go_alone: list[Package], capsys: pytest.CaptureFixture[str]
) -> None:
    go_alone.append(Package("x", "1", "MIT", "pkg:golang/x@1"))
    assert licenses.main() == 0
    assert capsys.readouterr().out.splitlines() == [
        "the packages of the rust client were not checked: cargo is not installed",
        "2 packages have 1 licenses",
    ]


@pytest.mark.parametrize("license_", [UNKNOWN, "GPL-3.0-only"])
def test_a_package_without_an_allowed_license_fails_by_its_name(
    license_: str, go_alone: list[Package], capsys: pytest.CaptureFixture[str]
) -> None:
    go_alone.append(Package("x", "1", license_, "pkg:golang/x@1"))
    assert licenses.main() == 1
    assert f"x (go) has the license {license_!r}, which is none of" in capsys.readouterr().out


def test_a_bill_of_a_client_names_its_packages() -> None:
    bill = bill_of_client("go", [Package("x/y", "v1", "MIT", "pkg:golang/x/y@v1")])
    assert bill["bomFormat"] == "CycloneDX"
    (part,) = bill["components"]
    assert (part["purl"], part["licenses"]) == ("pkg:golang/x/y@v1", [{"expression": "MIT"}])
