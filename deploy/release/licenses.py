"""Lists the licenses of what comes with an installation, and fails for one that is not expected.

Usage: python -m deploy.release.licenses [--check]

The list has the Python packages, those of npm in the dashboard and in the TypeScript client, and
those of the Go and Java clients. With `--check`, it is compared with the committed one. Those of
the Rust client are not in it, because Cargo chooses their versions, and so some names, itself.

A language whose tool is not installed is left out, with a line that says so.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution
from pathlib import Path
from typing import TypeAlias

from deploy.release.clients import LANGUAGES, UNKNOWN, MissingToolError
from deploy.release.packages import EXTRAS, installed_with

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("licenses.txt")
# They allow distribution under our own license. MPL-2.0 concerns changes of its own files.
ALLOWED = {
    *("0BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "Zlib"),
    *("Apache-2.0", "CC0-1.0", "MPL-2.0", "PSF-2.0", "Unicode-3.0", "Unlicense"),
}
# What older metadata says instead of an identifier of SPDX. A classifier that leaves the version
# of the BSD license open is resolved by the package's own file.
_AS_SPDX: Mapping[str, str] = {
    "3-Clause BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
}
# The packages of npm that are built into the dashboard, and those that the client needs.
_LOCKS = {"npm, dashboard": "clients/web", "npm, client": "clients/typescript"}
_NOT_LISTED = {"rust"}

_Entry: TypeAlias = tuple[str, str, str]


def license_of(package: Distribution) -> str:
    """Return a package's license as an expression of SPDX, or what it says about it."""
    metadata = package.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    for classifier in metadata.get_all("Classifier") or ():
        if classifier in _AS_SPDX:
            return _AS_SPDX[classifier]
    text, *_ = metadata.get_all("License") or [UNKNOWN]
    return _AS_SPDX.get(text, text.partition("\n")[0])


def licenses_without_tools() -> Iterator[_Entry]:
    """Yield where each package of Python and npm is from, its name and its license."""
    for name, package in installed_with("wanllmdb", EXTRAS).items():
        if name != "wanllmdb":
            yield "python", name, license_of(package)
    for source, folder in _LOCKS.items():
        lock = json.loads((ROOT / folder / "package-lock.json").read_text())
        names = {
            path.rpartition("node_modules/")[2]: entry.get("license", UNKNOWN)
            for path, entry in lock["packages"].items()
            if path and not entry.get("dev")
        }
        for name in sorted(names):
            yield source, name, names[name]


def licenses_of(language: str) -> Iterator[_Entry]:
    """Yield the same of the packages of a client in another language.

    Raises:
        MissingToolError: The tool of the language is not installed.
    """
    for package in LANGUAGES[language]():
        yield language, package.name, package.license


def is_allowed(expression: str) -> bool:
    """Whether an expression of SPDX leaves a choice of allowed licenses only."""
    while (inner := re.search(r"\(([^()]*)\)", expression)) is not None:
        verdict = "0BSD" if is_allowed(inner[1]) else "none"
        expression = expression[: inner.start()] + verdict + expression[inner.end() :]
    return any(
        all(part.strip() in ALLOWED for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def main() -> int:
    """Write the list, or compare; return 1 for an unexpected license or a list that differs."""
    found = list(licenses_without_tools())
    listed = found.copy()
    for language in LANGUAGES:
        try:
            entries = list(licenses_of(language))
        except MissingToolError as error:
            print(f"the packages of the {language} client were not checked: {error}")
            listed += _committed(language)
            continue
        found += entries
        if language not in _NOT_LISTED:
            listed += entries
    unexpected = [entry for entry in found if not is_allowed(entry[2])]
    for source, name, text in unexpected:
        print(f"{name} ({source}) has the license {text!r}, which is none of {sorted(ALLOWED)}")
    text_of_list = "".join("\t".join(entry) + "\n" for entry in listed)
    if sys.argv[1:] != ["--check"]:
        LIST.write_text(text_of_list)
    elif LIST.read_text() != text_of_list:
        print(f"{LIST.relative_to(ROOT)} is not current: run python -m deploy.release.licenses")
        return 1
    print(f"{len(found)} packages have {len({text for _, _, text in found})} licenses")
    return 1 if unexpected else 0


def _committed(language: str) -> Iterator[_Entry]:
    for line in LIST.read_text().splitlines():
        source, name, text = line.split("\t")
        if source == language:
            yield source, name, text


if __name__ == "__main__":
    sys.exit(main())
