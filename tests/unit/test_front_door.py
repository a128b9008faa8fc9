"""CONTRIBUTING.md and the markers name files that exist, and CHANGELOG.md the version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.conftest import SLOW
from wanllmdb import __version__

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
WHERE = re.search(r"^## Where is \.\.\.\n(.*?)^## ", CONTRIBUTING, re.MULTILINE | re.DOTALL)
ROWS = re.findall(r"^\| ([^|]+) \| (`.*) \|$", WHERE[1] if WHERE else "", re.MULTILINE)


def test_at_least_ten_questions_are_answered() -> None:
    assert len(ROWS) >= 10


@pytest.mark.parametrize(("question", "answer"), ROWS)
def test_the_answers_exist(question: str, answer: str) -> None:
    for path in re.findall(r"`([^`]+/[^`]+)`", answer):
        assert (ROOT / path).is_file(), question


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./-]+/[\w./-]*)`", CONTRIBUTING))))
def test_paths_of_the_recipes_exist(path: str) -> None:
    # Within a step, the first path is full and others are relative to its package.
    assert (
        list(ROOT.glob(path)) or list(ROOT.glob(f"*/*/{path}")) or list(ROOT.glob(f"*/*/*/{path}"))
    )


def test_recipes_are_short() -> None:
    recipes = re.findall(
        r"^## How to add .*?\n(.*?)(?=^## )", CONTRIBUTING, re.MULTILINE | re.DOTALL
    )
    assert len(recipes) == 3
    for recipe in recipes:
        assert len(recipe.strip().splitlines()) <= 15


def test_slow_modules_exist() -> None:
    assert [path for path in SLOW if not (ROOT / path).is_file()] == []


def test_versions_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert versions[0] == project["version"] == __version__
