"""Sweep files as text: which are read, which are rejected, and how configs are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wanllmdb_common.errors import InvalidArgumentError
from wanllmdb_registry.domain.config.text import (
    read_config_text,
    read_text,
    write_json,
    write_yaml,
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: *x", "line 2, column 4: found undefined alias 'x'"),
        ("a: &x [1, *x]", "line 1, column 11: the alias *x is inside the value that it repeats"),
        ("a: &x {b: *x}", "the alias *x is inside the value that it repeats"),
        ("a: 1\nb: {<<: 1}", "line 2, column 9: << takes an object or a list of objects"),
        ("a: 1\na: 2", "key 'a' appears twice"),
        ('{"a": 1, "a": 2}', "key 'a' appears twice"),
        (
            "x: !!python/object:os.system 1",
            "line 1, column 4: the tag !!python/object:os.system is not allowed: remove it; "
            "allowed are !!str",
        ),
        *(
            (f"x: {tag} [1]", f"the tag {tag} is")
            for tag in ("!!set", "!!omap", "!mine", "!!x", "!")
        ),
        ("x: !!python/tuple [1, 2]", "the tag !!python/tuple is not allowed"),
        ("x: !!binary aGk=", "the tag !!binary is not allowed"),
        ("x: !!bool maybe", "line 1, column 4: 'maybe' is not a value of !!bool"),
        ("x: !!bool yes", "'yes' is not a value of !!bool"),
        ("x: !!int 1.5", "'1.5' is not a value of !!int"),
        ("x: !!float one", "'one' is not a value of !!float"),
        ("x: !!null nothing", "'nothing' is not a value of !!null"),
        ("x: !!float [1]", "expected a scalar node"),
        ("x: !!seq {a: 1}", "expected a sequence node"),
        ("x: !!map [1]", "!!map requires an object"),
        ("x: !!str [1]", "expected a scalar node"),
        ("? [a]\n: 1", "line 1, column 3: a key must be a text"),
        ("a: 1\n---\nb: 1", "another document"),
        ("a: \ud800", "neither YAML nor JSON"),
        ("a: " + "1" * 5000, "neither YAML nor JSON"),
        ("- 1", "must be an object"),
        ("sweep.yaml", "is 'sweep.yaml': give the content of a file, not its name"),
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!float 1e-5", 1e-5),
        ('!!float "1e-5"', 1e-5),
        ("!!float 5", 5.0),
        ("!!float -.inf", float("-inf")),
        ("!!int 5", 5),
        ("!!int '0x1F'", 31),
        ("!!str 5", "5"),
        ("!!str true", "true"),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("!!null", None),
        ("!!seq [1, !!str 2]", [1, "2"]),
        ("!!map {b: !!float 2}", {"b": 2.0}),
        ("!<tag:yaml.org,2002:float> 1e-5", 1e-5),
    ],
)
def test_the_tags_of_plain_values_say_what_a_value_is(text: str, value: Any) -> None:
    read = read_text(f"a: {text}")["a"]
    assert (type(read), read) == (type(value), value)


def test_a_tag_may_stand_before_a_block_or_a_key() -> None:
    text = "!!map\na: !!seq\n- 1\n!!str 5: !!map\n  b: 1\n"
    assert read_text(text) == {"a": [1], "5": {"b": 1}}


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("yes", "line 2: yes is read as a text, but W&B reads true: write true if you mean that"),
        ("Off", "line 2: Off is read as a text, but W&B reads false: write false if you mean that"),
        ("010", "line 2: 010 is read as 10, but W&B reads the octal number 8"),
    ],
)
def test_words_that_wb_reads_otherwise_are_remarked_on(text: str, remark: str) -> None:
    assert read_config_text(f"b: 1\na: [{text}]").warnings == [remark]
    for quiet in (f"a: '{text}'", f"a: !!str {text}", f"{text}: 1", f'{{"a": "{text}"}}'):
        assert read_config_text(quiet).warnings == []


@pytest.mark.parametrize("text", ["1e-5", "0", "00", "089", "true", "y", "n", "1:30", "none"])
def test_words_of_one_meaning_are_not_remarked_on(text: str) -> None:
    assert read_config_text(f"a: {text}").warnings == []


def test_an_alias_is_what_it_stands_for() -> None:
    text = "a: &rates [1, 0.5]\nb: *rates\nc: {d: *rates}\ne: &word on\nf: *word\n"
    assert read_text(text) == {
        "a": [1, 0.5],
        "b": [1, 0.5],
        "c": {"d": [1, 0.5]},
        "e": "on",
        "f": "on",
    }


def test_an_object_may_take_over_what_others_have() -> None:
    text = (
        "base: &base {a: 1, b: 2}\nmore: &more {<<: *base, b: 3}\n"
        "all: {<<: [*more, {c: 4}], d: 5}\nown: {a: 0, <<: *base}\n"
    )
    read = read_text(text)
    assert read["more"] == {"a": 1, "b": 3}
    assert read["all"] == {"a": 1, "b": 3, "c": 4, "d": 5}
    assert read["own"] == {"a": 0, "b": 2}
    assert read_text("a: <<\n'<<': 1") == {"a": "<<", "<<": 1}


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


# Parts of YAML, in any order.
pieces = st.sampled_from(
    [*"{}[],:?-&*!|>%@`\"'#~ \n", "a", "1", "---", "...", "!!", "<<", "\ud800", "\x85", "null"]
)


@given(st.lists(pieces, max_size=30).map("".join) | st.text(max_size=30))
def test_whatever_a_text_holds_it_is_read_or_refused(text: str) -> None:
    for whole in (text, f"a: {text}", "{" + text):
        try:
            config = read_text(whole)
        except InvalidArgumentError:
            continue
        assert isinstance(config, dict)


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text() | st.floats(allow_nan=False))))
def test_whatever_is_written_is_read_again(config: dict[str, Any]) -> None:
    assert read_text(write_yaml(config)) == config
    assert read_text(write_json(config)) == config
