"""What is kept on a run of the exception that broke it."""

from __future__ import annotations

import traceback

from wanllmdb._types.run import Failed


def failed_by(error: BaseException) -> Failed:
    """The outcome of a run whose function raised: the error in a line, and the traceback.

    The traceback begins in the training function: the agent's own frames say nothing.
    """
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_globals.get("__name__", "").startswith(
        "wanllmdb._agent"
    ):
        frames = frames.tb_next
    if isinstance(error, SystemExit):
        message = f"the function called sys.exit({error.code!r})"
    else:
        message = "".join(traceback.format_exception_only(error)).strip()
    text = "".join(traceback.format_exception(type(error), error, frames))
    return Failed(_sendable(message), _sendable(text))


def _sendable(text: str) -> str:
    """Without lone surrogates, which no message can carry."""
    return text.encode("utf-8", "backslashreplace").decode()
