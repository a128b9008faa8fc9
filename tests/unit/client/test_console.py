"""What an agent prints, and how a failure is reported."""

from __future__ import annotations

import io

import pytest

from wanllmdb._agent.console import Console
from wanllmdb._agent.text import failed_by


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestConsole:
    def test_a_terminal_gets_one_line_that_is_redrawn(self) -> None:
        terminal = Terminal()
        console = Console(terminal)
        console.live("run 1/5", at_once=True)
        console.live("run 2", at_once=True)
        console.line("a line that stays")

        assert terminal.getvalue() == ("run 1/5\r\r       \rrun 2\r\r     \ra line that stays\n")

    def test_it_is_not_redrawn_all_the_time(self) -> None:
        terminal = Terminal()
        console = Console(terminal)
        for step in range(1000):
            console.live(f"step {step}")

        assert terminal.getvalue().count("step") < 100

    def test_without_a_terminal_there_are_only_lines(self) -> None:
        stream = io.StringIO()
        console = Console(stream)
        console.live("run 1/5", at_once=True)
        console.line("run 0 finished")
        console.clear()

        assert stream.getvalue() == "run 0 finished\n"


def test_a_failure_keeps_the_message_and_the_traceback() -> None:
    def train() -> None:
        raise ValueError("broken data")

    with pytest.raises(ValueError, match="broken data") as raised:
        train()

    failed = failed_by(raised.value)

    assert failed.message == "ValueError: broken data"
    assert "test_console.py" in failed.traceback
    assert failed.traceback.endswith("ValueError: broken data\n")


def test_a_redrawn_line_is_due_on_a_terminal_alone_and_not_with_each_value() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert not Console(io.StringIO()).is_due
    console = Console(Terminal())
    assert console.is_due
    console.live("run 1", at_once=True)
    assert not console.is_due
