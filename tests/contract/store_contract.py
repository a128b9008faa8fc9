"""The contract of every store of sweeps, independent of the database.

A test module subclasses `SweepStoreContract` and provides its fixtures for one implementation.
Commands on one sweep, in any grouping and through any number of stores at once, must have the
same result as the same commands one after the other.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from tests.contract.stored import Stored, create, finish, key, report
from wanllmdb_common.errors import FailedPreconditionError, NotFoundError, ServiceError
from wanllmdb_registry.domain.command import Command, SingleCommand
from wanllmdb_registry.domain.enqueue_runs import EnqueuedRun, EnqueueRuns
from wanllmdb_registry.domain.group_commit import GroupCommit, MixedTransactionError, Outcome
from wanllmdb_registry.domain.leases import ReleaseRun
from wanllmdb_registry.domain.model import (
    RunState,
)
from wanllmdb_registry.domain.reads import SyncedRun
from wanllmdb_registry.domain.sweep_lifecycle import CancelSweep, DeleteSweep, StartSweep
from wanllmdb_registry.domain.unit_of_work import UnitOfWork
from wanllmdb_registry.store.sweep_store import SweepStore


@dataclass(frozen=True)
class HalfWay(SingleCommand[None]):
    """A command that breaks a rule: it fails after it has changed something."""

    def apply(self, edit: UnitOfWork) -> None:
        edit.touch_sweep()
        raise RuntimeError("half-way")


class CountingStore:
    """A store that counts the transactions of another one."""

    def __init__(self, store: SweepStore) -> None:
        self._store = store
        self.transactions: list[int] = []

    async def apply(self, sweep_id: str, changes: list[Command]) -> list[Outcome]:
        self.transactions.append(len(changes))
        return await self._store.apply(sweep_id, changes)


class SweepStoreContract(ABC):
    """Tests of a store implementation, which provides the two fixtures."""

    @abstractmethod
    @pytest.fixture
    def stored(self) -> Stored:
        """A store and its reads."""

    @abstractmethod
    @pytest.fixture
    async def replicas(self) -> AsyncIterator[Sequence[SweepStore]]:
        """Three stores over the data of `stored`, as different replicas have them."""
        yield ()

    async def test_a_rejected_command_leaves_its_neighbors_alone(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        outcomes = await stored.store.apply(
            sweep_id, [create(0, 1), finish(7, 1.0), finish(0, 2.0), finish(0, 3.0), finish(1, 1.0)]
        )
        assert outcomes[0] == b"created"
        assert isinstance(outcomes[1], NotFoundError)
        assert isinstance(outcomes[3], FailedPreconditionError)
        sweep = await stored.sweeps.get(sweep_id)
        assert (sweep.counts.finished, sweep.best and sweep.best.number) == (2, 1)

    async def test_each_change_has_its_own_revision_and_the_order_is_theirs(
        self, stored: Stored
    ) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(*range(5))])
        await stored.store.apply(sweep_id, [finish(n, 1.0) for n in (3, 1, 4)])
        synced = await stored.syncs.sync(sweep_id, 0, 100)
        revisions = [run.revision for run in synced.runs]
        assert revisions == sorted(set(revisions))
        assert [run.number for run in synced.runs] == [0, 2, 3, 1, 4]
        assert synced.revision == revisions[-1]

    async def test_a_repeated_request_gets_its_first_answer(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(0, 1)])
        again = finish(0, 1.0, key())
        (first,) = await stored.store.apply(sweep_id, [again])
        # Once in another transaction, and twice in the same one.
        assert await stored.store.apply(sweep_id, [again, again]) == [first, first]
        twice = finish(1, 1.0, key())
        outcomes = await stored.store.apply(sweep_id, [twice, twice])
        assert outcomes[0] == outcomes[1]
        assert (await stored.sweeps.get(sweep_id)).counts.finished == 2

    async def test_a_reused_id_is_rejected(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(0, 1)])
        used = key()
        await stored.store.apply(sweep_id, [finish(0, 1.0, used)])
        (outcome,) = await stored.store.apply(
            sweep_id, [finish(1, 1.0, replace(used, fingerprint=b"other"))]
        )
        assert isinstance(outcome, ServiceError)
        assert outcome.reason == "REQUEST_ID_REUSED"

    async def test_a_deleted_sweep_is_gone_within_the_transaction_too(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(0), report(0, 0, 1.0)])
        delete = DeleteSweep(key(), lambda _: b"deleted", etag="")
        outcomes = await stored.store.apply(sweep_id, [delete, create(1), delete])
        assert outcomes[0] == outcomes[2] == b"deleted"
        assert isinstance(outcomes[1], NotFoundError)
        assert await stored.store.apply(sweep_id, [delete]) == [b"deleted"]
        with pytest.raises(NotFoundError):
            await stored.runs.metric_points(sweep_id, 0, [], None, None, None, 10)

    async def test_a_command_that_fails_half_way_fails_alone(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        half_way = HalfWay(None, lambda _: b"")
        with pytest.raises(MixedTransactionError):
            await stored.store.apply(sweep_id, [create(0), half_way])
        assert (await stored.sweeps.get(sweep_id)).next_number == 0
        committed: list[str] = []
        commits = GroupCommit(stored.store, committed.append)
        results = await asyncio.gather(
            commits.submit(sweep_id, create(0)),
            commits.submit(sweep_id, half_way),
            commits.submit(sweep_id, StartSweep(None, lambda s: s.state.encode(), etag="")),
            return_exceptions=True,
        )
        assert results[0] == b"created"
        assert isinstance(results[1], MixedTransactionError)
        # CreateRuns has already started the sweep.
        assert isinstance(results[2], FailedPreconditionError)
        assert set(committed) == {sweep_id}

    async def test_changes_that_wait_are_committed_together(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(*range(100))])
        store = CountingStore(stored.store)
        commits = GroupCommit(store, lambda _: None)  # type: ignore[arg-type]  # a list is a sequence
        await asyncio.gather(*(commits.submit(sweep_id, finish(n, float(n))) for n in range(100)))
        assert store.transactions == [100]
        assert (await stored.sweeps.get(sweep_id)).counts.finished == 100

    async def test_a_canceled_caller_delays_no_other(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(0, 1)])
        commits = GroupCommit(stored.store, lambda _: None)
        gone = asyncio.create_task(commits.submit(sweep_id, finish(0, 1.0)))
        stays = asyncio.create_task(commits.submit(sweep_id, finish(1, 1.0)))
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        assert (await stored.sweeps.get(sweep_id)).counts.finished in (1, 2)

    async def test_many_stores_write_as_one(
        self, stored: Stored, replicas: Sequence[SweepStore]
    ) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(*range(60))])
        commits = [GroupCommit(store, lambda _: None) for store in replicas]
        await asyncio.gather(
            *(commits[n % 3].submit(sweep_id, report(n, 0, float(n))) for n in range(60)),
            *(commits[(n + 1) % 3].submit(sweep_id, finish(n, float(-n))) for n in range(60)),
            return_exceptions=True,
        )
        sweep = await stored.sweeps.get(sweep_id)
        runs = await stored.syncs.sync(sweep_id, 0, 1000)
        assert sweep.counts.finished == 60
        assert sweep.counts.running == 0
        assert sweep.best is not None
        assert sweep.best.number == 59
        assert len({run.revision for run in runs.runs}) == 60
        assert max(run.revision for run in runs.runs) == sweep.revision == runs.revision

    async def test_the_same_request_through_two_stores_at_once_has_one_answer(
        self, stored: Stored, replicas: Sequence[SweepStore]
    ) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(*range(40))])
        stores = replicas[:2]
        for number in range(40):
            once = finish(number, 1.0, key())
            queue = EnqueueRuns(
                key(), lambda runs: str(runs[0].number).encode(), runs=[EnqueuedRun({}, {})]
            )
            answers = await asyncio.gather(
                *(store.apply(sweep_id, [change]) for change in (once, queue) for store in stores)
            )
            assert answers[0] == answers[1]
            assert answers[2] == answers[3]
            assert all(isinstance(answer, bytes) for (answer,) in answers)
        assert (await stored.sweeps.get(sweep_id)).counts.queued == 40

    async def test_a_revision_never_appears_before_a_smaller_one(
        self, stored: Stored, replicas: Sequence[SweepStore]
    ) -> None:
        """A caller that has seen revision R has seen every change up to R, also during writes."""
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(*range(120))])
        done = asyncio.Event()
        seen: dict[int, int] = {}

        async def write(which: int) -> None:
            for number in range(which, 120, 3):
                await replicas[which].apply(sweep_id, [finish(number, 1.0)])

        async def follow() -> None:
            since = 0
            while True:
                last_round = done.is_set()
                synced = await stored.syncs.sync(sweep_id, since, 7)
                for run in synced.runs:
                    assert run.revision > since
                    seen[run.number] = run.revision
                since = synced.revision
                if last_round and not synced.has_more:
                    return

        async def write_all() -> None:
            await asyncio.gather(*(write(which) for which in range(3)))
            done.set()

        await asyncio.gather(write_all(), follow())
        final = await stored.syncs.sync(sweep_id, 0, 1000)
        assert seen == {run.number: run.revision for run in final.runs}
        assert {run.state for run in final.runs} == {RunState.FINISHED}

    async def test_old_replies_are_forgotten_and_young_ones_kept(self, stored: Stored) -> None:
        sweep_id = await stored.sweep()
        await stored.store.apply(sweep_id, [create(0, 1)])
        kept = finish(0, 1.0, key())
        await stored.store.apply(sweep_id, [kept])
        await stored.store.delete_old_replies(timedelta(hours=1))
        (again,) = await stored.store.apply(sweep_id, [kept])
        assert isinstance(again, bytes)
        assert await stored.store.delete_old_replies(timedelta(seconds=-60)) >= 1
        (forgotten,) = await stored.store.apply(sweep_id, [kept])
        assert isinstance(forgotten, FailedPreconditionError)

    async def test_enqueued_runs_take_the_next_numbers(self, stored: Stored) -> None:
        sweep_id = await stored.sweep(run_cap=4)
        enqueue = EnqueueRuns(
            None,
            lambda runs: ",".join(str(r.number) for r in runs).encode(),
            runs=[EnqueuedRun({"x": 0.5}, {}), EnqueuedRun({}, {})],
        )
        changes = [
            create(0),
            enqueue,
            create(3),
            create(1, 3),
            create(2),
            create(1, 2, 3),
            create(4),
        ]
        outcomes = await stored.store.apply(sweep_id, changes)
        # Queued runs are assigned before new ones.
        assert outcomes == [
            b"created",
            b"1,2",
            b"conflict",
            b"conflict",
            b"created",
            b"conflict",
            b"conflict",
        ]
        assert await stored.store.apply(sweep_id, [create(1, 3)]) == [b"created"]

    async def test_thousands_of_runs_change_together(self, stored: Stored) -> None:
        """The time grows with the runs, not with their square, which would exceed the deadline."""
        sweep_id = await stored.sweep()
        for start in range(0, 5_000, 1_000):
            await stored.store.apply(sweep_id, [create(*range(start, start + 1_000))])
        releases = [
            ReleaseRun(None, lambda _: b"", number=number, attempt=1, reason="")
            for number in range(5_000)
        ]
        await stored.store.apply(sweep_id, releases)
        assert (await stored.sweeps.get(sweep_id)).counts.queued == 5_000
        await stored.store.apply(sweep_id, [CancelSweep(None, lambda _: b"", etag="")])
        sweep = await stored.sweeps.get(sweep_id)
        assert (sweep.counts.canceled, sweep.counts.unfinished) == (5_000, 0)
        synced: list[SyncedRun] = []
        since, has_more = 0, True
        while has_more:
            page = await stored.syncs.sync(sweep_id, since, 10_000)
            synced += page.runs
            since, has_more = page.revision, page.has_more
        assert {run.state for run in synced} == {RunState.CANCELED}
        assert len({run.revision for run in synced}) == len(synced) == 5_000
