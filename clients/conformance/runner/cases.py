"""The cases of clients/conformance/vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1]
VECTORS = FOLDER / "vectors"


@dataclass(frozen=True, slots=True)
class ExpectedError:
    """An error's kind, and the texts that its message must contain."""

    kind: str
    mentions: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One command for a testee, and the answer that every client gives.

    Attributes:
        file: the name of the file of vectors, without its suffix.
        name: the name of the case, unique in the file.
        operation: the command.
        given: what the command is about.
        result: the expected result, unless `error` is set.
        error: the expected error.
        needs: what not every language can do; a testee that can't does not get the case.
        files: the contents of files that the case needs, by name.
    """

    file: str
    name: str
    operation: str
    given: Mapping[str, Any]
    result: Any = None
    error: ExpectedError | None = None
    needs: frozenset[str] = frozenset()
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """The name by which a list of known failures names the case."""
        return f"{self.file}/{self.name}"


def cases_in(folder: Path = VECTORS) -> list[Case]:
    """Return the cases of all files, in the order of the files' names."""
    return [case for path in sorted(folder.glob("*.json")) for case in _cases_of(path)]


def _cases_of(path: Path) -> Iterator[Case]:
    document = json.loads(path.read_text())
    for entry in document["cases"]:
        if ("result" in entry) == ("error" in entry):
            raise ValueError(f"{path}: '{entry['name']}' needs either a result or an error")
        error = entry.get("error")
        yield Case(
            file=path.stem,
            name=entry["name"],
            operation=document["operation"],
            given=entry["given"],
            result=entry.get("result"),
            error=None if error is None else ExpectedError(error["kind"], error["mentions"]),
            needs=frozenset(entry.get("needs", ())),
            files=entry.get("files", {}),
        )
