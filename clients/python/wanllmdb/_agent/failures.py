"""What is kept on a run of the exception that broke it."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import TypeVar

from wanllmdb._agent.text import message_of, sendable, shown, traceback_of
from wanllmdb._types.runs import Failed

E = TypeVar("E", bound=BaseException)


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


def carried(error: BaseException, kind: type[E]) -> E | None:
    """The exception itself, or the first one of that kind within its groups."""
    return next((each for each in _within(error) if isinstance(each, kind)), None)


def _within(error: BaseException) -> Iterator[BaseException]:
    groups = [error]
    while groups:
        each = groups.pop()
        yield each
        if isinstance(each, BaseExceptionGroup):
            groups.extend(reversed(each.exceptions))


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
