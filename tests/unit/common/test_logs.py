"""A log line has a bounded size, whatever its values."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from wanllmdb_common.telemetry.logs import MAX_VALUE, configure_logging

MAX_LINE = 4 * MAX_VALUE


class Unspeakable:
    """An object whose repr raises."""

    def __repr__(self) -> str:
        raise ValueError("no words")


@pytest.fixture(params=["json", "text"])
def written(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[io.StringIO]:
    """Return the lines of the log, in each format."""
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers, root.level
    monkeypatch.setattr("sys.stderr", stream)
    configure_logging("info", request.param)
    yield stream
    root.handlers, root.level = before, level
    structlog.reset_defaults()


def test_what_is_too_long_loses_its_middle(written: io.StringIO) -> None:
    log = structlog.get_logger("test")
    log.info("x" * 1_000_000, text="y" * 1_000_000, many=["z"] * 1_000_000)
    logging.getLogger("library").info("a" * 1_000_000)
    lines = written.getvalue().splitlines()
    assert len(lines) == 2
    assert all(len(line) < MAX_LINE for line in lines)
    assert "characters" in lines[0]


def test_an_exception_with_a_long_message_and_a_deep_stack_takes_a_bounded_line(
    written: io.StringIO,
) -> None:
    def deep(left: int) -> None:
        if left:
            try:
                deep(left - 1)
            except ValueError as error:
                raise ValueError("m" * 10_000) from error
        raise ValueError("the first cause")

    try:
        deep(200)
    except ValueError:
        structlog.get_logger("test").exception("failed")
        logging.getLogger("library").exception("failed")
    lines = written.getvalue().splitlines()
    assert len(lines) == 2
    assert all("the first cause" in line and len(line) < MAX_LINE for line in lines)


def test_what_can_not_be_shown_is_named_by_its_type(written: io.StringIO) -> None:
    structlog.get_logger("test").info("odd", value=Unspeakable(), number=10**5_000)
    (line,) = written.getvalue().splitlines()
    assert "Unspeakable whose repr raises ValueError" in line
    assert "int whose repr raises ValueError" in line


def test_a_line_that_can_not_be_made_raises_nothing(written: io.StringIO) -> None:
    root = logging.getLogger()
    # Without those of the tests, which let errors pass.
    root.handlers = [
        each for each in root.handlers if each.__module__ == configure_logging.__module__
    ]
    logging.getLogger("library").info("%s", Unspeakable())
    assert written.getvalue().splitlines() == ["a line of library could not be logged: ValueError"]


def test_short_values_keep_their_form(written: io.StringIO) -> None:
    structlog.get_logger("test").info("fine", count=3, names=["a", "b"], nothing=None)
    (line,) = written.getvalue().splitlines()
    if line.startswith("{"):
        fields = json.loads(line)
        assert (fields["count"], fields["names"], fields["nothing"]) == (3, ["a", "b"], None)
    else:
        assert "count=3 names=['a', 'b'] nothing=None" in line
