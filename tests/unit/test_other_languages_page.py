"""docs/other-languages.md shows the programs that the tests of each language run."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/other-languages.md").read_text()
PROGRAMS = {
    "python": "docs/examples/agent.py",
    "go": "clients/go/examples/agent/main.go",
    "typescript": "clients/typescript/examples/agent.ts",
    "java": "clients/java/examples/AgentProgram.java",
    "rust": "clients/rust/examples/agent.rs",
}


def test_every_language_that_the_conformance_suite_tries_has_a_program() -> None:
    testees = tomllib.loads((ROOT / "clients/conformance/testees.toml").read_text())
    assert set(testees) == set(PROGRAMS)


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_page_shows_the_program(language: str) -> None:
    program = (ROOT / PROGRAMS[language]).read_text()
    # A first line with the name of a file makes the test of all pages store the block under it.
    assert re.search(rf"^```\w+\n(# agent\.py\n)?{re.escape(program)}```$", PAGE, re.MULTILINE)
