"""Converts a program's values and exceptions to text that the registry accepts."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from wanllmdb._types.runs import Canceled, Failed, Outcome, Pruned

_LONGEST_MESSAGE = 4_096
_LONGEST_TRACEBACK = 65_536
"""Largest number of characters that the registry stores."""
_LONGEST_SHOWN = 200


def sendable(text: str) -> str:
    """Return the text without lone surrogates and NUL, which can't be sent or stored."""
    if text.isascii() and "\0" not in text:
        return str(text)
    return (
        text.encode("utf-8", "backslashreplace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    )


def text_of(value: Any) -> str:
    """Return the value as sendable text, or its type's name if the conversion fails."""
    return _made(str, value)


def shown(value: Any) -> str:
    """Return the value's `repr`, cut to 200 characters."""
    text = _made(repr, value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def message_of(text: str) -> str:
    """Return the beginning of a sendable text, cut to the length of a message."""
    if len(text) <= _LONGEST_MESSAGE:
        return text
    mark = f" ... ({len(text) - _LONGEST_MESSAGE:,} more characters were cut)"
    return text[: _LONGEST_MESSAGE - len(mark)] + mark


def traceback_of(text: str) -> str:
    """Return the end of a sendable text, cut to the length of a traceback."""
    if len(text) <= _LONGEST_TRACEBACK:
        return text
    mark = f"({len(text) - _LONGEST_TRACEBACK:,} characters were cut here) ...\n"
    return mark + text[-(_LONGEST_TRACEBACK - len(mark)) :]


def presentable(outcome: Outcome) -> Outcome:
    """Return the outcome with texts that the registry accepts."""
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
        # A program's own class may raise any exception.
        return sendable(f"<{type(value).__name__}>")


def failed_by(error: BaseException) -> Failed:
    """Return the outcome of a run whose function raised: the error and the traceback.

    The traceback begins in the training function, without the agent's own frames.
    """
    try:
        return Failed(
            message_of(sendable(_message(error))),
            traceback_of(sendable(formatted(error))),
        )
    except Exception as problem:
        # The class of an exception may be faulty, but it always has a name.
        return Failed(
            sendable(
                f"{type(error).__name__}, which can't be shown: its conversion to text raised "
                f"{type(problem).__name__}"
            )
        )


def formatted(error: BaseException) -> str:
    """Return the traceback as Python prints it, starting at the training function."""
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
