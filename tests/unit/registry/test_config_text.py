"""Sweep files as text: what is read, what is refused, what is written back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.domain.config.text import read_text, write_json, write_yaml


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x 1\nb: *x", "line 2, column 4: aliases"),
        ("a: 1\na: 2", "key 'a' is there twice"),
        ('{"a": 1, "a": 2}', "key 'a' is there twice"),
        ("x: !!python/object:os.system 1", "line 1, column 4: tags are not allowed"),
        ("x: !!bool maybe", "tags are not allowed"),
        ("? [a]\n: 1", "line 1, column 3: a key must be a text"),
        ("a: 1\n---\nb: 1", "another document"),
        ("a: \ud800", "neither YAML nor JSON"),
        ("a: " + "1" * 5000, "neither YAML nor JSON"),
        ("- 1", "must hold an object"),
        ("sweep.yaml", "is 'sweep.yaml': for a file give what is in it"),
        ("{", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ("x: " + "a" * 2_000_000, "characters"),
    ],
)
def test_text_that_is_no_config_says_where(text: str, says: str) -> None:
    with pytest.raises(InvalidArgumentError, match="the sweep config") as caught:
        read_text(text)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1.5E+3", 1500.0),
        (".5", 0.5),
        ("-1.", -1.0),
        ("10", 10),
        ("1.0", 1.0),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        *((text, text) for text in ("on", "no", "1:30", "2020-01-01", "1_000", "=", "1e", "0b1")),
    ],
)
def test_yaml_is_that_of_yaml_1_2(text: str, value: Any) -> None:
    read = read_text(f"a: {text}")["a"]
    assert (type(read), read) == (type(value), value)


def test_merge_keys_are_no_part_of_it() -> None:
    assert read_text("<<: {a: 1}") == {"<<": {"a": 1}}


@pytest.mark.parametrize(
    "text",
    [
        "1e-4",
        "1E5",
        "0o17",
        "010",
        "1:30",
        "~",
        "",
        "=",
        "<<",
        "on",
        ".inf",
        "null",
        "\x85",
        "a\u2028b",
        "2020-01-01",
        "yes",
        "\u4e2d",
    ],
)
def test_a_text_stays_a_text_in_yaml(text: str) -> None:
    config = {"a": [text, 1e-4, 10]}
    assert read_text(write_yaml(config)) == config


# What makes up YAML, in any order.
pieces = st.sampled_from(
    [*"{}[],:?-&*!|>%@`\"'#~ \n", "a", "1", "---", "...", "!!", "<<", "\ud800", "\x85", "null"]
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=30).map("".join) | st.text(max_size=30))
def test_whatever_a_text_holds_it_is_read_or_refused(text: str) -> None:
    for whole in (text, f"a: {text}", "{" + text):
        try:
            config = read_text(whole)
        except InvalidArgumentError:
            continue
        assert isinstance(config, dict)


@settings(deadline=None)
@given(st.dictionaries(st.text(), st.text() | st.lists(st.text() | st.floats(allow_nan=False))))
def test_whatever_is_written_is_read_again(config: dict[str, Any]) -> None:
    assert read_text(write_yaml(config)) == config
    assert read_text(write_json(config)) == config
