"""Sweep files in the style of public repositories: each is accepted or rejected as expected."""

from __future__ import annotations

import pytest

from tests.unit.registry.wandb_files import FILES, File
from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.domain.config.export import config_of
from wanllmdb_registry.domain.config.parsing.config import ParsedConfig, parse_config
from wanllmdb_registry.domain.config.text import read_config_text, write_yaml


def read(text: str) -> ParsedConfig:
    read = read_config_text(text)
    return parse_config(read.data, read.warnings)


def name(file: File) -> str:
    return file.name.replace(" ", "-")


@pytest.mark.parametrize("file", [file for file in FILES if not file.problems], ids=name)
def test_a_file_is_accepted_with_the_warnings_that_it_deserves(file: File) -> None:
    config = read(file.text)
    assert len(config.warnings) == len(file.warnings), config.warnings
    for told, part in zip(config.warnings, file.warnings, strict=True):
        assert part in told
    # The exported config causes no warnings, except for values with one spelling only.
    again = read(write_yaml(config_of(config.spec)))
    assert again.spec == config.spec
    assert all("means the values" in told or "is a text" in told for told in again.warnings)


@pytest.mark.parametrize("file", [file for file in FILES if file.problems], ids=name)
def test_a_file_is_refused_with_every_problem_that_it_has(file: File) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read(file.text)
    found = {problem.field: problem.description for problem in caught.value.violations}
    assert found.keys() == file.problems.keys()
    for path, part in file.problems.items():
        assert part in found[path]
