"""The README's examples are correct."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from wanllmdb_registry.domain.config.parsing.config import parse_config
from wanllmdb_registry.domain.config.vocabulary import TOP_LEVEL_KEYS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def program() -> str:
    """Return the user's program, as the README shows it."""
    (found,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    return str(found)


def test_the_program_is_the_one_that_the_end_to_end_test_runs() -> None:
    tested = (ROOT / "tests/e2e/programs/issue_program.txt").read_text()

    def lines(text: str) -> list[str]:
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    assert lines(program()) == lines(tested)


def test_every_key_of_a_config_is_in_the_table() -> None:
    for key in TOP_LEVEL_KEYS:
        assert f"`{key}`" in README, key


def test_every_parameter_of_the_table_is_read() -> None:
    rows = re.findall(r"^\| `(\{.*?\})` \|", README, re.MULTILINE)
    assert len(rows) == 7
    numbers = {"min": 1, "max": 8, "q": 2}
    for row in rows:
        parameter = yaml.safe_load(row.replace(", ...", ""))
        filled = {key: numbers.get(key) if v is None else v for key, v in parameter.items()}
        if filled.get("distribution") == "normal":
            filled["q"] = 1
        config = {"method": "random", "parameters": {"p": filled}}
        assert parse_config(config).spec.space.parameters[0].name == "p"


def test_the_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z-]+)", README)) <= targets
