"""What gRPC logs of answers that could not be sent."""

from __future__ import annotations

import logging

_LOGGER = logging.getLogger("grpc._cython.cygrpc")


def log_left_calls_briefly() -> None:
    """Leaves the traceback out of what gRPC logs for each caller that leaves before its answer.

    It is always the same one, of gRPC's inside: callers who leave would fill a disk with it.
    """
    _LOGGER.addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    # The class is private to gRPC.
    if type(error).__name__ == "ExecuteBatchError":
        text = record.getMessage()
        record.msg, record.args = f"{text}; the caller has left, or takes no answer", ()
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = None
    return True
