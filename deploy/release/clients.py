"""Finds the packages that users of the Go, Java and Rust clients get, by each language's own tool.

The tools may fetch packages from their registries; where one is not installed, its packages are
left out. What only tests and the testees need is left out too.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parents[2] / "clients"
UNKNOWN = "unknown"

# Go's modules have a license as a file alone. Each is known by words that no other one has.
_WORDS = {
    "Apache-2.0": r"apache license version 2\.0, january 2004",
    "BSD-3-Clause": r"redistributions of source code must retain .* neither the name of",
    "ISC": r"permission to use, copy, modify, and(/or)? distribute this software",
    "MIT": r"free of charge, to any person obtaining a copy of this software",
    "MPL-2.0": r"mozilla public license version 2\.0",
}
_MAVEN_PLUGIN = "org.cyclonedx:cyclonedx-maven-plugin:2.9.1:makeAggregateBom"


class MissingToolError(Exception):
    """The tool of a language is not installed; the text names it."""


@dataclass(frozen=True, order=True, slots=True)
class Package:
    """A package of a registry.

    Attributes:
        name: Its name in the registry, of Java with the group.
        version: Its version.
        license: An expression of SPDX, or what the package says about its license.
        url: Its package URL.
    """

    name: str
    version: str
    license: str
    url: str


def go_packages() -> list[Package]:
    """Return the modules whose code a program with the client contains."""
    form = "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}"
    listed = _output("go", "list", "-deps", "-f", form, ".", folder=CLIENTS / "go")
    found = set()
    for line in filter(None, listed.splitlines()):
        name, version, folder = line.split("\t")
        # The client itself has no version.
        if version:
            license_ = license_of_files(Path(folder))
            found.add(Package(name, version, license_, f"pkg:golang/{name}@{version}"))
    return sorted(found)


def license_of_files(folder: Path) -> str:
    """Return the license in the files of a folder that are named for it, if it is one alone."""
    texts = [file.read_text(errors="replace") for file in sorted(folder.glob("LICEN[CS]E*"))]
    found = {
        license_
        for text in texts
        for license_, words in _WORDS.items()
        if re.search(words, " ".join(text.lower().split()))
    }
    return found.pop() if len(found) == 1 else UNKNOWN


def rust_packages() -> list[Package]:
    """Return the crates with which the client is built, for all platforms."""
    return crates_of(
        json.loads(_output("cargo", "metadata", "--format-version=1", folder=CLIENTS / "rust"))
    )


def crates_of(metadata: Mapping[str, Any]) -> list[Package]:
    """Return what the root of Cargo's metadata needs, without what its tests need."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    seen, waiting = {root}, [root]
    while waiting:
        needed = {
            each["pkg"]
            for each in nodes[waiting.pop()]["deps"]
            if any(kind["kind"] != "dev" for kind in each["dep_kinds"])
        }
        waiting += needed - seen
        seen |= needed
    return sorted(
        Package(
            crate["name"],
            crate["version"],
            # Older crates write a choice as A/B.
            re.sub(r"\s*/\s*", " OR ", crate["license"] or UNKNOWN),
            f"pkg:cargo/{crate['name']}@{crate['version']}",
        )
        for crate in metadata["packages"]
        if crate["id"] in seen - {root}
    )


def java_packages() -> list[Package]:
    """Return the archives that the client needs at run time."""
    target = CLIENTS / "java" / "target"
    _output(
        *("mvn", "--batch-mode", "--no-transfer-progress", "--quiet"),
        *("--projects", ".,api,client", _MAVEN_PLUGIN),
        *("-DoutputFormat=json", "-DoutputName=packages", f"-DoutputDirectory={target}"),
        *("-DincludeTestScope=false", "-DincludeProvidedScope=false"),
        folder=CLIENTS / "java",
    )
    return archives_of(json.loads((target / "packages.json").read_text()))


def archives_of(bill: Mapping[str, Any]) -> list[Package]:
    """Return what a bill of CycloneDX lists, without our own modules."""
    return sorted(
        Package(
            f"{part['group']}:{part['name']}",
            part["version"],
            " AND ".join(_licenses(part)) or UNKNOWN,
            part["purl"],
        )
        for part in bill["components"]
        if part["group"] != "dev.wanllmdb"
    )


def _licenses(part: Mapping[str, Any]) -> Iterator[str]:
    for entry in part.get("licenses", ()):
        given = entry.get("license", {})
        yield entry.get("expression") or given.get("id") or given.get("name") or UNKNOWN


def _output(*command: str, folder: Path) -> str:
    """Return what a tool prints; its errors go to this process's own.

    Raises:
        MissingToolError: It is not installed.
        CalledProcessError: It failed.
    """
    if shutil.which(command[0]) is None:
        raise MissingToolError(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


LANGUAGES: Mapping[str, Callable[[], list[Package]]] = {
    "go": go_packages,
    "java": java_packages,
    "rust": rust_packages,
}
