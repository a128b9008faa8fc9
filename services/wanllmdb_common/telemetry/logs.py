"""Structured logs on stderr, with the id of the request that a line belongs to."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from typing import Any, TextIO

import structlog

from wanllmdb_common.calls.call import current_call
from wanllmdb_common.telemetry.trace_context import trace_ids

# Characters of one value, such as a traceback, and values of one line.
MAX_VALUE = 8_000
MAX_VALUES = 50

_OF_STRUCTLOG = ("_record", "_from_structlog", "exc_info", "stack_info")


def configure_logging(level: str, form: str) -> None:
    """Sends every log line, also those of libraries, through one formatter."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_call,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        bounded,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(serializer=one_line)
        if form == "json"
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    log_left_calls_briefly()
    # Alembic tells each migration step on INFO; that is of use, its plumbing is not.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    # On DEBUG it has a line for each look at the running loop: dozens a second.
    logging.getLogger("grpc._cython").setLevel(logging.INFO)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_no_odd_header)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; one that can't be made costs one short line in its place."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # as in the base class
        error = sys.exc_info()[0]
        name = "unknown" if error is None else error.__name__
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"a line of {record.name} could not be logged: {name}\n")


def bounded(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """The event with values that a line has room for: long ones lose their middle.

    What a caller sent and what an exception says may be of any length, and objects may fail
    to say what they are.
    """
    for key in list(event)[MAX_VALUES:]:
        del event[key]
    for key, value in event.items():
        if isinstance(value, str):
            if len(value) > MAX_VALUE:
                event[key] = _cut(value)
        elif key not in _OF_STRUCTLOG and not isinstance(value, bool | float | None):
            event[key] = _short(value)
    return event


def _short(value: object) -> object:
    try:
        text = repr(value)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"
    return value if len(text) <= MAX_VALUE else _cut(text)


def _cut(text: str) -> str:
    half = MAX_VALUE // 2
    return f"{text[:half]} ... {len(text) - 2 * half:,} characters ... {text[-half:]}"


def _is_no_odd_header(record: logging.LogRecord) -> bool:
    # A traceback for each header that is not UTF-8; the call is refused with a line of its own.
    return not str(record.msg).startswith("Invalid encoding on")


def _add_call(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Names the call that the line belongs to, and its trace."""
    try:
        event.setdefault("request_id", current_call().request_id)
    except LookupError:
        return event
    event.update(trace_ids())
    return event


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


def one_line(value: object, **options: Any) -> str:
    """A document on one line, in ASCII that a terminal shows as it is."""
    # `json` escapes all that a terminal obeys but DEL.
    return json.dumps(value, **options).replace("\x7f", "\\u007f")
