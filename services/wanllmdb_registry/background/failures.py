"""What background tasks do when a round of their work fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import structlog

from wanllmdb_common.errors import ServiceError

log = structlog.get_logger(__name__)


@contextlib.contextmanager
def logged_failures(event: str, **about: str) -> Iterator[None]:
    """Log what fails within the block, so that the task goes on, whatever it was."""
    try:
        yield
    except ServiceError as error:
        log.warning(event, **about, reason=error.reason)
    except Exception:
        log.exception(event, **about)
