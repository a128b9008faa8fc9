"""Leases that run out, or are renewed, while a user cancels runs."""

from __future__ import annotations

import asyncio
from random import Random

import asyncpg
import pytest

from tests.contract.stored import Stored, create, finish, key, report
from wanllmdb_registry.domain.cancel_runs import CancelRuns
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.leases import ExpireLeases, TakeBackRuns
from wanllmdb_registry.domain.model import RunState, SweepState
from wanllmdb_registry.store.database import Database
from wanllmdb_registry.store.event_reads import EventReads
from wanllmdb_registry.store.sweep_store import SweepStore


def cancel(*numbers: int) -> CancelRuns:
    return CancelRuns(
        key(), lambda canceled: str(canceled.sweep.revision).encode(), numbers=numbers, reason="why"
    )


def expire() -> ExpireLeases:
    return ExpireLeases(None, lambda expired: f"{expired.runs} {expired.queued}".encode())


async def let_leases_run_out(operator: asyncpg.Connection[asyncpg.Record], sweep_id: str) -> None:
    await operator.execute(
        "UPDATE runs SET lease_expire_time = now() - interval '1 second' WHERE sweep_id = $1",
        sweep_id,
    )


async def test_a_run_that_was_to_stop_is_canceled_when_its_lease_runs_out(
    stored: Stored, operator: asyncpg.Connection[asyncpg.Record]
) -> None:
    sweep_id = await stored.sweep(run_cap=2)
    await stored.store.apply(sweep_id, [create(0, 1), cancel(0)])
    await let_leases_run_out(operator, sweep_id)
    assert await stored.store.apply(sweep_id, [expire()]) == [b"2 1"]
    canceled, queued = [await stored.runs.get(sweep_id, number=number) for number in (0, 1)]
    assert (canceled.state, canceled.losses, canceled.stop_requested) == (
        RunState.CANCELED,
        0,
        True,
    )
    assert canceled.error is not None
    assert canceled.error.message == "canceled by request: why"
    assert (queued.state, queued.losses) == (RunState.QUEUED, 1)
    # The agent of the canceled run learns that it has lost the run.
    held = await stored.store.renew_leases(sweep_id, [(0, 1), (1, 1)])
    assert held.queued == [(1, 1)]
    # Once the other run is canceled too, the sweep has reached its cap.
    await stored.store.apply(sweep_id, [cancel(1)])
    sweep = await stored.sweeps.get(sweep_id)
    assert (sweep.state, sweep.counts.canceled) == (SweepState.FINISHED, 2)
    (back,) = await stored.store.apply(
        sweep_id, [TakeBackRuns(None, lambda runs: str(len(runs)).encode(), held=[(1, 1)])]
    )
    assert back == b"0"


async def test_a_lease_that_is_renewed_while_its_run_is_canceled_stays_renewed(
    stored: Stored, stores: list[SweepStore]
) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(*range(20))])
    cancellations = [
        asyncio.create_task(stores[0].apply(sweep_id, [cancel(number)])) for number in range(20)
    ]
    beats = await asyncio.gather(
        *(stores[1].renew_leases(sweep_id, [(number, 1)]) for number in range(20))
    )
    await asyncio.gather(*cancellations)
    held = await stored.store.renew_leases(sweep_id, [(number, 1) for number in range(20)])
    assert held.stopping == held.states.keys() == {(number, 1) for number in range(20)}
    for number, beat in enumerate(beats):
        run = await stored.runs.get(sweep_id, number=number)
        assert run.stop_requested
        assert run.lease_expire_time is not None
        assert run.lease_expire_time >= beat.expire_times[number, 1]


@pytest.mark.parametrize("order", [0, 1])
async def test_a_report_and_a_cancellation_share_a_transaction(stored: Stored, order: int) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(0)])
    commands: list[Command] = [report(0, 1, 0.5), cancel(0)]
    outcomes = await stored.store.apply(sweep_id, commands[::-1] if order else commands)
    # A report after the cancellation is answered with the command, one before it is not.
    assert outcomes[1 if order else 0] == (b"STOP" if order else b"CONTINUE")
    run = await stored.runs.get(sweep_id, number=0)
    assert (run.state, run.stop_requested, run.summary) == (RunState.RUNNING, True, {"loss": 0.5})


async def test_a_repeated_cancellation_changes_nothing(stored: Stored) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(0)])
    command = cancel(0)
    (first,) = await stored.store.apply(sweep_id, [command])
    assert await stored.store.apply(sweep_id, [command]) == [first]
    await stored.store.apply(sweep_id, [cancel(0)])
    sweep = await stored.sweeps.get(sweep_id)
    assert str(sweep.revision).encode() == first


@pytest.mark.parametrize("seed", range(5))
async def test_events_of_concurrent_commands_are_counted_once(
    stored: Stored, stores: list[SweepStore], database: Database, seed: int
) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(*range(6))])
    chance = Random(seed)
    commands: list[Command] = [cancel(number % 3) for number in range(9)]
    commands += [finish(number, 0.5) for number in range(3, 6)]
    chance.shuffle(commands)
    await asyncio.gather(
        *(stores[place % 2].apply(sweep_id, [each]) for place, each in enumerate(commands))
    )
    events = (await EventReads(database).list(sweep_id, None, 100)).items
    # The start, and one for each run: a run that is to stop already changes no more.
    assert [event.index for event in events] == [3, 2, 1, 0]
    assert (await stored.sweeps.get(sweep_id)).events == 4
