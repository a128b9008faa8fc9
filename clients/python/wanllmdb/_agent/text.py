"""Texts and exceptions of a program's making, as the registry takes them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from wanllmdb._types.runs import Canceled, Failed, Outcome, Pruned

_LONGEST_MESSAGE = 4_096
_LONGEST_TRACEBACK = 65_536
"""Characters that the registry keeps."""
_LONGEST_SHOWN = 200


def sendable(text: str) -> str:
    """The text without lone surrogates and NUL, which can't be sent or stored."""
    if text.isascii() and "\0" not in text:
        return str(text)
    return (
        text.encode("utf-8", "backslashreplace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def text_of(value: Any) -> str:
    """The value as sendable text; its type's name where it can't be turned into text."""
    return _made(str, value)


def shown(value: Any) -> str:
    """The value as Python shows it, in at most 200 characters."""
    text = _made(repr, value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def message_of(text: str) -> str:
    """The beginning of a sendable text, as much as the registry keeps of a message."""
    if len(text) <= _LONGEST_MESSAGE:
        return text
    mark = f" ... ({len(text) - _LONGEST_MESSAGE:,} more characters were cut)"
    return text[: _LONGEST_MESSAGE - len(mark)] + mark


def traceback_of(text: str) -> str:
    """The end of a sendable text, as much as the registry keeps of a traceback."""
    if len(text) <= _LONGEST_TRACEBACK:
        return text
    mark = f"({len(text) - _LONGEST_TRACEBACK:,} characters were cut here) ...\n"
    return mark + text[-(_LONGEST_TRACEBACK - len(mark)) :]


def presentable(outcome: Outcome) -> Outcome:
    """The outcome with texts that the registry takes, whatever they were made of."""
    match outcome:
        case Failed(message, traceback):
            return Failed(message_of(text_of(message)), traceback_of(text_of(traceback)))
        case Pruned(reason):
            return Pruned(message_of(text_of(reason)))
        case Canceled(reason):
            return Canceled(message_of(text_of(reason)))
    return outcome


def _made(make: Callable[[Any], str], value: Any) -> str:
    try:
        return sendable(make(value))
    except Exception:
        # A program's own class may raise whatever it likes.
        return sendable(f"<{type(value).__name__}>")


def failed_by(error: BaseException) -> Failed:
    """The outcome of a run whose function raised: the error in a line, and the traceback.

    The traceback begins in the training function: the agent's own frames say nothing.
    """
    try:
        return Failed(
            message_of(sendable(_message(error))),
            traceback_of(sendable(formatted(error))),
        )
    except Exception as problem:
        # An exception's class may be as odd as a program likes; its name is always there.
        return Failed(
            sendable(
                f"{type(error).__name__}, which can't be shown: {type(problem).__name__} was "
                f"raised when it was turned into text"
            )
        )


def formatted(error: BaseException) -> str:
    """The traceback as Python prints it, from the training function on."""
    return "".join(traceback.format_exception(type(error), error, _own_frames(error)))


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"the function called sys.exit({shown(error.code)})"
    return "".join(traceback.format_exception_only(error)).strip()


def _own_frames(error: BaseException) -> TracebackType | None:
    frames = error.__traceback__
    while frames is not None and str(frames.tb_frame.f_globals.get("__name__", "")).startswith(
        "wanllmdb._agent"
    ):
        frames = frames.tb_next
    return frames
