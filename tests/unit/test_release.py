"""What belongs to a release: one version everywhere, licenses, and the bill of materials."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from deploy.release.licenses import is_allowed
from deploy.release.sbom import reduced
from deploy.release.versions import PLACES, differences, versions_of, with_version

ROOT = Path(__file__).parents[2]
_OWN_VERSION = r'\A\{\s+"name": "[^"]+",\s+"version"|<version>|^version ='


def test_all_packages_have_the_version_of_pyproject() -> None:
    assert differences() == []


@pytest.mark.parametrize("name", PLACES)
def test_a_file_with_another_version_is_noticed(name: str, tmp_path: Path) -> None:
    for place in PLACES:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text((ROOT / place).read_text())
    changed = with_version((ROOT / name).read_text(), PLACES[name], "9.8.7")
    assert set(versions_of(changed, PLACES[name])) == {"9.8.7"}
    (tmp_path / name).write_text(changed)
    assert any(name in line for line in differences(tmp_path))


def test_every_manifest_with_a_version_is_known() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "*/package.json", "*/pom.xml", "*/Cargo.toml"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    texts = {name: (ROOT / name).read_text() for name in listed.stdout.split()}
    # Members of Cargo's workspace have the workspace's version.
    versioned = [n for n, text in texts.items() if re.search(_OWN_VERSION, text, re.MULTILINE)]
    assert set(versioned) <= set(PLACES)


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("(Apache-2.0 AND BSD-3-Clause)", True),
        ("MIT AND (GPL-2.0-only OR ISC)", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT AND GPL-3.0-only) OR LGPL-2.1-only", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_license_is_allowed_if_a_choice_of_it_is(expression: str, verdict: bool) -> None:
    assert is_allowed(expression) is verdict


def test_a_bill_is_reduced_to_what_is_installed() -> None:
    bill = {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [
            {"name": "PyYAML", "bom-ref": "yaml"},
            {"name": "pytest", "bom-ref": "pytest"},
        ],
        "dependencies": [
            {"ref": "root", "dependsOn": ["yaml", "pytest"]},
            {"ref": "yaml"},
            {"ref": "pytest", "dependsOn": ["yaml"]},
        ],
    }
    assert reduced(bill, {"pyyaml"}) == {
        "metadata": {"component": {"bom-ref": "root"}},
        "components": [{"name": "PyYAML", "bom-ref": "yaml"}],
        "dependencies": [
            {"ref": "root", "dependsOn": ["yaml"]},
            {"ref": "yaml", "dependsOn": []},
        ],
    }
