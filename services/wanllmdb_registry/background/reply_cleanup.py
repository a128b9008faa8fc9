"""Deletes stored responses that are too old for a repeated request."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from wanllmdb_registry.background.failures import logged_failures
from wanllmdb_registry.prometheus_metrics import REPLIES_DELETED
from wanllmdb_registry.store.sweep_store import SweepStore
from wanllmdb_registry.store.template_store import TemplateStore

# How long a repeated request gets its first response.
REPLY_AGE = timedelta(hours=24)
INTERVAL = 600.0


async def delete_old_replies(*stores: SweepStore | TemplateStore) -> None:
    """Delete old responses every INTERVAL seconds until canceled."""
    while True:
        await asyncio.sleep(INTERVAL)
        with logged_failures("deletion of old replies skipped"):
            for store in stores:
                while deleted := await store.delete_old_replies(REPLY_AGE):
                    REPLIES_DELETED.inc(deleted)
