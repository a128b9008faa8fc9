"""Deletes stored responses that are too old for a repeated request."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from wanllmdb_common.errors import ServiceError
from wanllmdb_registry.prometheus_metrics import REPLIES_DELETED
from wanllmdb_registry.store.sweep_store import SweepStore
from wanllmdb_registry.store.template_store import TemplateStore

# How long a repeated request gets its first response.
REPLY_AGE = timedelta(hours=24)
INTERVAL = 600.0

log = structlog.get_logger(__name__)


async def delete_old_replies(*stores: SweepStore | TemplateStore) -> None:
    """Delete old responses every INTERVAL seconds until canceled."""
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            for store in stores:
                while deleted := await store.delete_old_replies(REPLY_AGE):
                    REPLIES_DELETED.inc(deleted)
        except ServiceError as error:
            log.warning("deletion of old replies skipped", reason=error.reason)
        except Exception:
            log.exception("deletion of old replies skipped")
