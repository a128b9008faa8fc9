"""The registry's parts, put together."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import structlog

from wanllmdb_common.errors import ServiceError
from wanllmdb_common.readiness import Readiness
from wanllmdb_registry.domain.group_commit import GroupCommit
from wanllmdb_registry.domain.keys.key_ring import KeyRing
from wanllmdb_registry.domain.keys.key_text import KeyText
from wanllmdb_registry.domain.keys.sweep_projects import SweepProjects
from wanllmdb_registry.domain.run_progress import ExpiredLeases, ExpireLeases
from wanllmdb_registry.domain.watch import ChangeHub
from wanllmdb_registry.metrics import LEASES_EXPIRED, REPLIES_DELETED, RETRIES_QUEUED
from wanllmdb_registry.store.change_channel import ChangeChannel
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.key_store import KeyStore
from wanllmdb_registry.store.migrate import migrate
from wanllmdb_registry.store.plot_reads import PlotReads
from wanllmdb_registry.store.prior_run_reads import PriorRunReads
from wanllmdb_registry.store.probe import DatabaseProbe
from wanllmdb_registry.store.project_reads import ProjectReads
from wanllmdb_registry.store.run_reads import RunReads
from wanllmdb_registry.store.sweep_reads import SweepReads
from wanllmdb_registry.store.sweep_store import SweepStore
from wanllmdb_registry.store.sync_reads import SyncReads
from wanllmdb_registry.store.template_store import TemplateStore

log = structlog.get_logger(__name__)

# How long a repeated request gets its first answer.
REPLY_AGE = timedelta(hours=24)
CLEAN_UP_INTERVAL = 600.0


@dataclass(frozen=True, slots=True)
class Registry:
    """What the servicer works with."""

    store: SweepStore
    commits: GroupCommit
    sweeps: SweepReads
    runs: RunReads
    syncs: SyncReads
    plots: PlotReads
    prior_runs: PriorRunReads
    templates: TemplateStore
    hub: ChangeHub
    changes: ChangeChannel
    keys: KeyStore
    key_ring: KeyRing
    sweep_projects: SweepProjects
    readiness: Readiness


@contextlib.asynccontextmanager
async def running_registry(
    database_url: str,
    *,
    pool_size: int,
    lease: timedelta,
    require_keys: bool = False,
    root_key: KeyText | None = None,
) -> AsyncIterator[Registry]:
    """Connects, migrates and looks after leases and old replies within the block.

    Args:
        database_url: PostgreSQL's address.
        pool_size: Connections at most.
        lease: How long a run is held without a heartbeat.
        require_keys: Whether callers need API keys.
        root_key: The operator's own key.

    Raises:
        UnavailableError: the database does not answer.
        DatabaseUrlError: not a PostgreSQL address.
    """
    database = Database(database_url, pool_size=pool_size)
    probe = DatabaseProbe(database)
    readiness = Readiness("the database", probe.check)
    readiness.tell(database.set_ready)
    try:
        await migrate(database)
        store = SweepStore(database, lease)
        hub = ChangeHub()
        changes = ChangeChannel(database, hub.notify, hub.notify_all)

        def tell(sweep_id: str) -> None:
            hub.notify(sweep_id)
            changes.announce(sweep_id)

        keys = KeyStore(database)
        commits = GroupCommit(store, tell)
        registry = Registry(
            store=store,
            commits=commits,
            sweeps=SweepReads(database),
            runs=RunReads(database),
            syncs=SyncReads(database),
            plots=PlotReads(database),
            prior_runs=PriorRunReads(database),
            templates=TemplateStore(database),
            hub=hub,
            changes=changes,
            keys=keys,
            key_ring=KeyRing(keys, required=require_keys, root=root_key),
            sweep_projects=SweepProjects(ProjectReads(database)),
            readiness=readiness,
        )
        if require_keys and root_key is None and not await keys.has_admin():
            log.warning(
                "keys are required, and no admin has one that is good: nobody can create any; "
                "start with --admin-key once"
            )
        chores = [
            asyncio.create_task(changes.run()),
            # A lease that runs out is noticed within a sixth of its length.
            asyncio.create_task(_expire_leases(registry, lease / 6)),
            asyncio.create_task(_forget_replies(registry)),
        ]
        try:
            yield registry
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)
            await commits.close()
    finally:
        probe.close()
        await database.close()


async def _expire_leases(registry: Registry, interval: timedelta) -> None:
    while True:
        await asyncio.sleep(interval.total_seconds())
        try:
            for sweep_id in await registry.store.sweeps_with_expired_leases():
                reply = await registry.commits.submit(sweep_id, ExpireLeases(None, _encode_expired))
                expired = _decode_expired(reply)
                LEASES_EXPIRED.inc(expired.runs)
                RETRIES_QUEUED.inc(expired.queued)
                log.info(
                    "leases expired", sweep_id=sweep_id, runs=expired.runs, queued=expired.queued
                )
        except ServiceError as error:
            log.warning("leases not looked after this time", reason=error.reason)
        except Exception:
            # Whatever it was, runs of all sweeps depend on the next round.
            log.exception("leases not looked after this time")


_EXPIRED = struct.Struct("!QQ")


def _encode_expired(expired: ExpiredLeases) -> bytes:
    return _EXPIRED.pack(expired.runs, expired.queued)


def _decode_expired(reply: bytes) -> ExpiredLeases:
    return ExpiredLeases(*_EXPIRED.unpack(reply))


async def _forget_replies(registry: Registry) -> None:
    while True:
        await asyncio.sleep(CLEAN_UP_INTERVAL)
        try:
            for store in (registry.store, registry.templates):
                while deleted := await store.delete_old_replies(REPLY_AGE):
                    REPLIES_DELETED.inc(deleted)
        except ServiceError as error:
            log.warning("old replies not deleted this time", reason=error.reason)
        except Exception:
            log.exception("old replies not deleted this time")
