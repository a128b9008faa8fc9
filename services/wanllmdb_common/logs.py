"""Structured logs on stderr, with the id of the request that a line belongs to."""

from __future__ import annotations

import logging
import sys

import structlog

from wanllmdb_common.calls.call import current_call
from wanllmdb_common.telemetry.trace_context import trace_ids


def configure_logging(level: str, form: str) -> None:
    """Sends every log line, also those of libraries, through one formatter."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_call,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"])
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # Alembic tells each migration step on INFO; that is of use, its plumbing is not.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    # On DEBUG it has a line for each look at the running loop: dozens a second.
    logging.getLogger("grpc._cython").setLevel(logging.INFO)


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
