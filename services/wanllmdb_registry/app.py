"""Assembles the registry: stores, caches and background tasks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from wanllmdb_common.server.readiness import Readiness
from wanllmdb_registry.background.lease_expiry import LeaseExpiryTask
from wanllmdb_registry.background.purge import PurgeTask
from wanllmdb_registry.background.reply_cleanup import delete_old_replies
from wanllmdb_registry.background.retention import RetentionTask
from wanllmdb_registry.domain.api_keys.api_key import KeyText
from wanllmdb_registry.domain.api_keys.authentication import KeyRing
from wanllmdb_registry.domain.api_keys.sweep_projects import SweepProjects
from wanllmdb_registry.domain.bounds import MESSAGE_BYTES
from wanllmdb_registry.domain.group_commit import GroupCommit
from wanllmdb_registry.domain.live_lists import LiveLists
from wanllmdb_registry.domain.retention import Retention
from wanllmdb_registry.domain.watch import ChangeHub
from wanllmdb_registry.store.agent_reads import AgentReads
from wanllmdb_registry.store.change_channel import ChangeChannel
from wanllmdb_registry.store.column_reads import ColumnReads
from wanllmdb_registry.store.curve_reads import CurveReads
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.database_probe import DatabaseProbe
from wanllmdb_registry.store.event_reads import EventReads
from wanllmdb_registry.store.key_store import KeyStore
from wanllmdb_registry.store.migrate import migrate
from wanllmdb_registry.store.plot_reads import PlotReads
from wanllmdb_registry.store.purge_store import PurgeStore
from wanllmdb_registry.store.retention_store import RetentionStore
from wanllmdb_registry.store.run_reads import RunReads
from wanllmdb_registry.store.sweep_lists import SweepLists
from wanllmdb_registry.store.sweep_reads import SweepReads
from wanllmdb_registry.store.sweep_store import SweepStore
from wanllmdb_registry.store.sync_reads import SyncReads
from wanllmdb_registry.store.template_store import TemplateStore

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server reports about itself; see GetServerInfoResponse in the protos."""

    keys_required: bool
    max_message_bytes: int


@dataclass(frozen=True, slots=True)
class Registry:
    """The parts of the registry that its servicers use.

    `lease` is how long an agent keeps a run without a heartbeat. `announce` wakes the watches of a
    sweep and of lists, here and in other replicas, after a change that was not committed through
    `commits`.
    """

    facts: ServerFacts
    lease: timedelta
    store: SweepStore
    commits: GroupCommit
    sweeps: SweepReads
    lists: SweepLists
    live_lists: LiveLists
    runs: RunReads
    syncs: SyncReads
    plots: PlotReads
    events: EventReads
    agents: AgentReads
    curves: CurveReads
    columns: ColumnReads
    templates: TemplateStore
    hub: ChangeHub
    changes: ChangeChannel
    announce: Callable[[str], None]
    keys: KeyStore
    key_ring: KeyRing
    sweep_projects: SweepProjects
    readiness: Readiness


@contextlib.asynccontextmanager
async def running_registry(
    database_url: str,
    *,
    listen_database_url: str | None = None,
    pool_size: int,
    lease: timedelta,
    require_keys: bool = False,
    root_key: KeyText | None = None,
    max_message_bytes: int = MESSAGE_BYTES,
    retention: Retention = Retention(),  # noqa: B008  # frozen
) -> AsyncIterator[Registry]:
    """Connect, migrate the tables and run the background tasks within the block.

    Args:
        database_url: Address of the PostgreSQL database.
        listen_database_url: Its address for LISTEN; None for the same.
        pool_size: Maximum number of connections.
        lease: How long an agent keeps a run without a heartbeat.
        require_keys: Whether every call needs an API key.
        root_key: The operator's own key, which is not stored.
        max_message_bytes: The size of the largest message that the server accepts and sends.
        retention: How long ended sweeps and their history are kept.

    Raises:
        UnavailableError: the database does not answer.
        DatabaseUrlError: `database_url` is not the address of a PostgreSQL database.
    """
    database = Database(database_url, listen_url=listen_database_url, pool_size=pool_size)
    probe = DatabaseProbe(database)
    readiness = Readiness("the database", probe.check)
    readiness.add_listener(database.set_ready)
    try:
        await migrate(database)
        store = SweepStore(database, lease)
        hub = ChangeHub()
        changes = ChangeChannel(database, hub.notify, hub.notify_all)

        def announce(sweep_id: str) -> None:
            hub.notify(sweep_id)
            changes.announce(sweep_id)

        keys = KeyStore(database)
        sweeps, lists = SweepReads(database), SweepLists(database)
        commits = GroupCommit(store, announce)
        registry = Registry(
            facts=ServerFacts(require_keys, max_message_bytes),
            lease=lease,
            store=store,
            commits=commits,
            sweeps=sweeps,
            lists=lists,
            live_lists=LiveLists(lists, hub),
            runs=RunReads(database),
            syncs=SyncReads(database),
            plots=PlotReads(database),
            events=EventReads(database),
            agents=AgentReads(database, lease),
            curves=CurveReads(database),
            columns=ColumnReads(database),
            templates=TemplateStore(database),
            hub=hub,
            changes=changes,
            announce=announce,
            keys=keys,
            key_ring=KeyRing(keys, required=require_keys, root=root_key),
            sweep_projects=SweepProjects(sweeps),
            readiness=readiness,
        )
        if require_keys and root_key is None and not await keys.has_admin():
            log.warning(
                "API keys are required, but no valid admin key exists, so no key can be created; "
                "start the registry once with --admin-key"
            )
        background_tasks = [
            asyncio.create_task(changes.run()),
            asyncio.create_task(LeaseExpiryTask(store, commits, lease).run()),
            asyncio.create_task(delete_old_replies(store, registry.templates)),
            asyncio.create_task(PurgeTask(PurgeStore(database)).run()),
            asyncio.create_task(RetentionTask(RetentionStore(database), commits, retention).run()),
        ]
        try:
            yield registry
        finally:
            for task in background_tasks:
                task.cancel()
            await asyncio.gather(*background_tasks, return_exceptions=True)
            await commits.close()
    finally:
        probe.close()
        await database.close()
