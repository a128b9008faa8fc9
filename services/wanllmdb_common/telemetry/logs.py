"""Structured logs on stderr; each line carries the id of its request."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from typing import Any, TextIO

import structlog

from wanllmdb_common.calls.call import current_call
from wanllmdb_common.telemetry.trace_context import trace_ids

# The limits of the characters in one value, such as a traceback, and of the values in one line.
MAX_VALUE = 8_000
MAX_VALUES = 50

_OF_STRUCTLOG = ("_record", "_from_structlog", "exc_info", "stack_info")


def configure_logging(level: str, form: str) -> None:
    """Send every log line, including those of libraries, through one formatter."""
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
    # Alembic logs each migration step at level INFO, which is useful; its plugins' lines are not.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    # At level DEBUG, this logger reports each access to the running loop, dozens of times a second.
    logging.getLogger("grpc._cython").setLevel(logging.INFO)
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_no_odd_header)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; replaces a line that can't be formatted by one short line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # as in the base class
        error = sys.exc_info()[0]
        name = "unknown" if error is None else error.__name__
        with contextlib.suppress(OSError, ValueError):
            self.stream.write(f"a line of {record.name} could not be logged: {name}\n")


def bounded(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Return the event with bounded values: the middle of long values is cut.

    Texts of callers and exceptions may have any length, and the repr of an object may fail.
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
    # gRPC logs a traceback for each header that is not UTF-8; the rejected call has its own line.
    return not str(record.msg).startswith("Invalid encoding on")


def _add_call(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Add the ids of the line's call and trace."""
    try:
        event.setdefault("request_id", current_call().request_id)
    except LookupError:
        return event
    event.update(trace_ids())
    return event


_LOGGER = logging.getLogger("grpc._cython.cygrpc")


def log_left_calls_briefly() -> None:
    """Drop the traceback from gRPC's log line for each caller that leaves before its answer.

    The traceback is always the same, from gRPC's internals, and would fill a disk.
    """
    _LOGGER.addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    # The class is private to gRPC.
    if type(error).__name__ == "ExecuteBatchError":
        text = record.getMessage()
        record.msg, record.args = f"{text}; the caller has left or accepts no answer", ()
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = None
    return True


# Made once, and for values without cycles, which takes a third less time for a short line.
_encode = json.JSONEncoder(check_circular=False).encode


def one_line(value: object, **options: Any) -> str:
    """Return JSON on one line, in ASCII without control characters for a terminal."""
    found = json.dumps(value, **options) if options else _encode(value)
    # `json` escapes all control characters except DEL.
    return found.replace("\x7f", "\\u007f")
