"""Sweep files as text: what is read, what is refused, what is written back."""

from __future__ import annotations

import pytest

from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.domain.config.text import read_text, write_yaml


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x 1\nb: *x", "line 2, column 4: aliases"),
        ("a: 1\na: 2", "key 'a' is there twice"),
        ('{"a": 1, "a": 2}', "key 'a' is there twice"),
        ("x: !!python/object:os.system 1", "could not determine a constructor"),
        ("- 1", "must hold an object"),
        ("{", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ("x: " + "a" * 2_000_000, "characters"),
    ],
)
def test_text_that_is_no_config_says_where(text: str, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match="the sweep config") as caught:
        read_text(text)
    assert says in caught.value.message


def test_yaml_numbers_are_those_of_yaml_1_2() -> None:
    assert read_text("a: 1e-4\nb: 10\nc: 1.0\nd: 2020-01-01") == {
        "a": 1e-4,
        "b": 10,
        "c": 1.0,
        "d": "2020-01-01",
    }


@pytest.mark.parametrize("text", ["1e-4", "1E5", "\x85", "a\u2028b", "2020-01-01", "yes", "\u4e2d"])
def test_a_text_stays_a_text_in_yaml(text: str) -> None:
    config = {"a": [text, 1e-4, 10]}
    assert read_text(write_yaml(config)) == config
