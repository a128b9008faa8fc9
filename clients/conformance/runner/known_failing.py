"""The cases that a language is known to fail: known_failing/LANGUAGE.txt.

Each line names a case, or several with `*`; text after `#` says why. A line of which no case fails
is a failure itself, so that the list only ever has what is still to be done.
"""

from __future__ import annotations

from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from clients.conformance.runner.cases import FOLDER


class KnownFailing:
    """The known failures of one language."""

    def __init__(self, patterns: Collection[str] = ()) -> None:
        self._patterns = list(patterns)

    @classmethod
    def of(cls, language: str, folder: Path = FOLDER / "known_failing") -> KnownFailing:
        """Return the list of a language; an empty one if there is no file."""
        path = folder / f"{language}.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return cls([name for line in lines if (name := line.partition("#")[0].strip())])

    def has(self, full_name: str) -> bool:
        """Return whether the case is known to fail."""
        return any(fnmatchcase(full_name, pattern) for pattern in self._patterns)

    def among(self, full_names: Collection[str]) -> KnownFailing:
        """Return the lines that name any of these cases, for a runner that tries these alone."""
        return KnownFailing(
            [
                pattern
                for pattern in self._patterns
                if any(fnmatchcase(name, pattern) for name in full_names)
            ]
        )

    def outdated(self, failed: Collection[str]) -> list[str]:
        """Return the lines of which none of the failed cases is one."""
        return [
            pattern
            for pattern in self._patterns
            if not any(fnmatchcase(name, pattern) for name in failed)
        ]
