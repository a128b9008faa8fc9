"""Holds the version of a release together: pyproject.toml's, in packages of all languages.

Usage: python -m deploy.release.versions [VERSION]

Without a version, it compares; with one, it writes this version into every file. The Go module has
no file with a version: it is the tag `clients/go/vVERSION`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Where each file has the version. Maven's name for a version before its release ends in -SNAPSHOT.
_JSON = r'\A\{\s+"name": "[^"]+",\s+"version": "([^"]+)"'
_LOCK = _JSON + r'|"": \{\s+"name": "[^"]+",\s+"version": "([^"]+)"'
_POM = r"<artifactId>wanllmdb-parent</artifactId>\s+<version>([^<]+?)(?:-SNAPSHOT)?</version>"
PLACES = {
    "pyproject.toml": r'^version = "([^"]+)"',
    "clients/typescript/package.json": _JSON,
    "clients/typescript/package-lock.json": _LOCK,
    "clients/typescript/reference/package.json": _JSON,
    "clients/typescript/reference/package-lock.json": _LOCK,
    "clients/web/package.json": _JSON,
    "clients/web/package-lock.json": _LOCK,
    "clients/java/pom.xml": _POM,
    "clients/java/api/pom.xml": _POM,
    "clients/java/client/pom.xml": _POM,
    "clients/java/testee/pom.xml": _POM,
    "clients/java/README.md": r"<version>([^<]+)</version>",
    "clients/rust/Cargo.toml": r'^version = "([^"]+)"',
    "clients/rust/xtask/Cargo.toml": r'^version = "([^"]+)"',
}


def versions_of(text: str, pattern: str) -> list[str]:
    """Return the versions that a file has in its places."""
    return [text[start:end] for start, end in _spans(text, pattern)]


def with_version(text: str, pattern: str, version: str) -> str:
    """Return a file's text with another version."""
    for start, end in reversed(_spans(text, pattern)):
        text = text[:start] + version + text[end:]
    return text


def differences(root: Path = ROOT) -> list[str]:
    """Return a line for each file that lacks the version of pyproject.toml."""
    texts = {name: (root / name).read_text() for name in PLACES}
    (version,) = versions_of(texts["pyproject.toml"], PLACES["pyproject.toml"])
    return [
        f"{name} has {', '.join(found) or 'no version'}, and pyproject.toml {version}"
        for name, text in texts.items()
        if set(found := versions_of(text, PLACES[name])) != {version}
    ]


def _spans(text: str, pattern: str) -> list[tuple[int, int]]:
    found = re.finditer(pattern, text, re.MULTILINE)
    return [match.span(match.lastindex or 0) for match in found]


def main() -> int:
    """Write the version that the command line names, or return 1 if versions differ."""
    for version in sys.argv[1:]:
        for name, pattern in PLACES.items():
            file = ROOT / name
            file.write_text(with_version(file.read_text(), pattern, version))
    found = differences()
    print("\n".join(found) or f"{len(PLACES)} files have the same version")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
