"""Checkouts of the repository, from which programs run with this environment's packages."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MIGRATIONS = "services/wanllmdb_registry/store/migrations/versions"
_PACKAGES = ("clients/python", "services")


@dataclass(frozen=True)
class Version:
    """The code in one folder.

    Attributes:
        name: What a table calls it.
        folder: The root of its checkout.
    """

    name: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which Python imports this version's packages, and no other's."""
        return {"PYTHONPATH": os.pathsep.join(str(self.folder / each) for each in _PACKAGES)}

    @property
    def schema(self) -> str:
        """The revision of the tables with which this version works."""
        return max(file.name for file in (self.folder / _MIGRATIONS).glob("[0-9]*.py"))[:4]

    def has(self, package: str) -> bool:
        """Return whether there is a service of this name."""
        return (self.folder / "services" / package).is_dir()


THIS = Version("this one", ROOT)


def before_newest_migration() -> str:
    """Return the last commit of the main line that does not have the newest migration."""
    added = _git("log", "--first-parent", "-m", "--diff-filter=A", "-1", "--format=%H")
    return f"{added}^1"


@contextlib.contextmanager
def checked_out(revision: str, folder: Path) -> Iterator[Version]:
    """Check a commit out into a folder for the block."""
    commit = _git("rev-parse", "--short", f"{revision}^{{commit}}", path=None)
    _git("worktree", "add", "--quiet", "--detach", str(folder), commit, path=None)
    try:
        yield Version(commit, folder)
    finally:
        _git("worktree", "remove", "--force", str(folder), path=None)


def _git(*arguments: str, path: str | None = _MIGRATIONS) -> str:
    where = [] if path is None else ["--", path]
    done = subprocess.run(
        ["git", *arguments, *where], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
