"""Prior runs are written with concurrent changes, once, each under its own revision."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tests.contract.stored import LEASE, Stored, create, finish, key
from wanllmdb_common.errors import ServiceError
from wanllmdb_registry.domain.model import PriorRun, PriorRunColumns, RunState
from wanllmdb_registry.domain.prior_runs import ImportRuns
from wanllmdb_registry.domain.sweep_lifecycle import FinishSweep
from wanllmdb_registry.domain.unit_of_work import RequestKey
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.sweep_store import SweepStore


def import_runs(count: int, request: RequestKey | None = None) -> ImportRuns:
    runs = PriorRunColumns()
    for i in range(count):
        runs.add(PriorRun({"x": i / 100}, RunState.FINISHED, (float(i),)))
    return ImportRuns(
        request,
        lambda imported: str(imported.imported).encode(),
        runs=runs,
        skipped=0,
        skip_reasons=(),
    )


async def places(stored: Stored, sweep_id: str) -> Sequence[int]:
    return [
        placed.index for placed in (await stored.runs.list_prior_runs(sweep_id, -1, 10_000)).items
    ]


async def test_an_import_shares_a_transaction_with_other_changes(stored: Stored) -> None:
    sweep_id = await stored.sweep()
    once = key()
    end = FinishSweep(None, lambda sweep: sweep.state.encode(), etag="")
    outcomes = await stored.store.apply(
        sweep_id,
        [
            create(0),
            import_runs(3, once),
            finish(7, 1.0),
            import_runs(3, once),
            finish(0, 1.0),
            end,
            import_runs(2),
        ],
    )
    refused = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, ServiceError)]
    assert (outcomes[1], outcomes[3], refused) == (b"3", b"3", [2, 6])
    assert await places(stored, sweep_id) == [0, 1, 2]
    assert (await stored.sweeps.get(sweep_id)).prior_runs == 3


async def test_imports_through_many_stores_follow_each_other(
    stored: Stored, contract_database: str
) -> None:
    sweep_id = await stored.sweep()
    databases = [Database(contract_database, pool_size=2) for _ in range(3)]
    stores = [SweepStore(database, LEASE) for database in databases]
    requests = [import_runs(5, key()) for _ in range(12)]
    # Each import twice, through two stores at once.
    answers = await asyncio.gather(
        *(stores[i % 3].apply(sweep_id, [change]) for i, change in enumerate(requests)),
        *(stores[(i + 1) % 3].apply(sweep_id, [change]) for i, change in enumerate(requests)),
    )
    assert answers == [[b"5"]] * 24
    assert await places(stored, sweep_id) == list(range(60))
    synced = await stored.syncs.sync(sweep_id, 0, 100)
    revisions = [placed.revision for placed in synced.prior_runs]
    assert revisions == sorted(set(revisions))
    assert synced.revision == (await stored.sweeps.get(sweep_id)).revision
    for database in databases:
        await database.close()
