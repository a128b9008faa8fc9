"""Characters that a terminal would interpret or hide are escaped; all others are unchanged."""

from __future__ import annotations

import io
import json
import sys
import unicodedata

import pytest
from rich.text import Text

from wanllmdb import NotFoundError
from wanllmdb._agent.console import Console
from wanllmdb._shown import MOST_MARKS, fitting, shown, shown_json, shown_lines
from wanllmdb.cli.console import escape, stdout


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\r\n\tb", r"a\r\n\tb"),
        ("\x00\x7f\x80\x9b\xad", r"\x00\x7f\x80\x9b\xad"),
        ("\u200b\u200e\u202e\u2066\ufeff", r"\u200b\u200e\u202e\u2066\ufeff"),
        ("\u2028\u2029\ud800\ue000", r"\u2028\u2029\ud800\ue000"),
        ("\U000e0041\U000e0101\u3164", r"\U000e0041\U000e0101\u3164"),
    ],
)
def test_it_is_escaped_as_python_does(text: str, escaped: str) -> None:
    assert shown(text) == escaped


@pytest.mark.parametrize(
    "text", ["", "naïve", "学習率", "שלום", "ค่าที่", "a\u0301\u0302", "☀️", "12\u00a0%", "C:\\x"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert shown(text) == shown_lines(text) == shown_json(text) == text


def test_no_character_that_is_not_seen_is_left_of_all_there_are() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    for text in (shown(everything), shown_lines(everything), shown_json(everything)):
        categories = {unicodedata.category(each) for each in set(text) - {"\n", "\t"}}
        assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def test_a_text_of_several_lines_keeps_them_and_nothing_else() -> None:
    assert shown_lines("a\n\tb\r\n\x1b") == "a\n\tb\\r\n\\x1b"


def test_marks_on_one_character_are_cut() -> None:
    flood = "a" + "\u0301" * 500 + "b" + "\u0301"

    assert shown(flood) == "a" + "\u0301" * MOST_MARKS + "…b\u0301"


def test_json_stays_the_same_document() -> None:
    value = {"\x9b\u202e": ["\U000e0041\x7f\ud800\u2028é", "\x1b\n"]}
    document = json.dumps(value, ensure_ascii=False, indent=2)

    assert json.loads(shown_json(document)) == value
    assert "é" in shown_json(document)


def test_what_an_encoding_lacks_is_escaped() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert fitting("aé█", stream) == r"a\xe9\u2588"

    console = Console(stream)
    console.line("█ \ud800 \x1b[31m\nnext")
    stream.seek(0)
    assert stream.read() == "\\u2588 \\ud800 \\x1b[31m\nnext\n"


def test_an_error_shows_in_text_what_its_attributes_hold() -> None:
    error = NotFoundError("no sweep '\x1b[2J'")

    assert str(error) == r"no sweep '\x1b[2J'"
    assert error.message == "no sweep '\x1b[2J'"


@pytest.mark.parametrize(
    "text",
    ["[red]x[/]", "[link", "\\", "\\\\", "\\[bold]", "[[b]", "x[", "[1, 2]", ":smile:", "[@a=x]"],
)
def test_a_text_is_no_markup_whatever_is_beside_it(text: str) -> None:
    markup = f"[bold]{escape(text)}[/]=http://e]{escape(text)}[dim]{escape(text)}[/]"
    plain = f"{text}=http://e]{text}{text}"

    assert Text.from_markup(markup, emoji=False).plain == plain
    assert stdout().render_str(markup).plain == plain


def test_links_and_controls_of_any_renderable_are_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")

    stdout().print(Text("a\x1b]0;x\u202e", style="red link http://e"))

    assert capsys.readouterr().out == "\x1b[31ma\\x1b]0;x\\u202e\x1b[0m\n"
