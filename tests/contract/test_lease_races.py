"""Leases that expire while agents and users act, through two stores at once."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import pytest

from tests.contract.stored import Stored, create, finish
from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_registry.domain.command import Command
from wanllmdb_registry.domain.group_commit import Outcome
from wanllmdb_registry.domain.leases import (
    ExpiredLeases,
    ExpireLeases,
    HeldRuns,
    ReleaseRun,
    ResumeRuns,
    TakeBackRuns,
)
from wanllmdb_registry.domain.model import Run, RunState
from wanllmdb_registry.store.sweep_store import SweepStore

RUNS = 8


async def _let_leases_run_out(operator: asyncpg.Connection[asyncpg.Record], sweep_id: str) -> None:
    await operator.execute(
        "UPDATE runs SET lease_expire_time = now() - interval '1 second' "
        "WHERE sweep_id = $1 AND state = 'RUNNING'",
        sweep_id,
    )


def _expire() -> ExpireLeases:
    return ExpireLeases(None, lambda expired: f"{expired.runs} {expired.queued}".encode())


def _expired(outcome: Outcome) -> ExpiredLeases:
    assert isinstance(outcome, bytes)
    runs, queued = map(int, outcome.split())
    return ExpiredLeases(runs, queued)


def _numbers(runs: Sequence[Run]) -> bytes:
    return " ".join(str(run.number) for run in runs).encode()


async def test_two_replicas_count_a_loss_once(
    stored: Stored, stores: list[SweepStore], operator: asyncpg.Connection[asyncpg.Record]
) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(*range(200))])
    await _let_leases_run_out(operator, sweep_id)
    outcomes = await asyncio.gather(*(stores[i % 2].apply(sweep_id, [_expire()]) for i in range(6)))
    expired = [_expired(outcome) for (outcome,) in outcomes]
    assert sum(e.runs for e in expired) == sum(e.queued for e in expired) == 200
    assert sorted(e.runs for e in expired) == [0] * 5 + [200]
    sweep = await stored.sweeps.get(sweep_id)
    assert (sweep.counts.running, sweep.counts.queued) == (0, 200)
    synced = await stored.syncs.watch(sweep_id, 0, 1000)
    assert {run.losses for run in synced.runs} == {1}


class Race:
    """A sweep whose leases have all expired, and all calls that are made on it at once."""

    def __init__(self, sweep_id: str, stores: list[SweepStore], seed: int) -> None:
        self.sweep_id = sweep_id
        self.stores = stores
        self.random = random.Random(seed)
        self.outcomes: dict[str, Outcome | HeldRuns] = {}

    def store(self) -> SweepStore:
        return self.random.choice(self.stores)

    def change(self, name: str, change: Command) -> Callable[[], Awaitable[None]]:
        store = self.store()

        async def apply() -> None:
            (self.outcomes[name],) = await store.apply(self.sweep_id, [change])

        return apply

    def beat(self, name: str, *numbers: int) -> Callable[[], Awaitable[None]]:
        store = self.store()

        async def renew() -> None:
            self.outcomes[name] = await store.renew_leases(self.sweep_id, [(n, 1) for n in numbers])

        return renew

    async def run(self) -> None:
        release = ReleaseRun(None, lambda _: b"", number=3, attempt=1, reason="")
        acts = [
            self.change("expire 1", _expire()),
            self.change("expire 2", _expire()),
            # The agent, and its process from before the crash.
            self.change("finish 0", finish(0, 1.0)),
            self.change("finish 0 too", finish(0, 2.0)),
            self.beat("beat", 1, 2, 0),
            self.change("release 3", release),
            self.change("again 4", create(4)),
            self.change("finish 4", finish(4, 0.5)),
            self.change("take back 5", TakeBackRuns(None, _numbers, held=[(5, 1), (4, 1)])),
            self.change("resume", ResumeRuns(None, _numbers, agent_id="agent", count=2)),
        ]
        self.random.shuffle(acts)
        await asyncio.gather(*(self._later(act) for act in acts))

    async def _later(self, act: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self.random.uniform(0, 0.006))
        await act()

    def accepted(self, name: str) -> bool:
        return isinstance(self.outcomes[name], bytes)


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_happens_at_once_everything_is_counted_once(
    stored: Stored,
    stores: list[SweepStore],
    operator: asyncpg.Connection[asyncpg.Record],
    seed: int,
) -> None:
    sweep_id = await stored.sweep()
    await stored.store.apply(sweep_id, [create(*range(RUNS))])
    await _let_leases_run_out(operator, sweep_id)
    race = Race(sweep_id, stores, seed)
    await race.run()
    sweep = await stored.sweeps.get(sweep_id)
    synced = await stored.syncs.watch(sweep_id, 0, 1000)
    runs = {run.number: run for run in synced.runs}
    # The counters match the runs, and each run has a revision of its own.
    states = Counter(run.state.lower() for run in runs.values())
    assert {name: getattr(sweep.counts, name) for name in states} == states
    assert sweep.next_number == len(runs) == RUNS
    assert len({run.revision for run in runs.values()}) == RUNS
    # Each loss counts once, and each counted loss happened.
    expired = [_expired(race.outcomes[f"expire {i}"]) for i in (1, 2)]  # type: ignore[arg-type]  # of changes
    assert sum(e.runs for e in expired) == sum(run.losses for run in runs.values())
    assert all(run.losses <= 1 for run in runs.values())
    # Of two results of one attempt only one counts: the one that was acknowledged.
    assert race.accepted("finish 0") != race.accepted("finish 0 too")
    assert runs[0].state is RunState.FINISHED
    assert runs[0].objective == (1.0 if race.accepted("finish 0") else 2.0)
    # If the run was assigned again, the late result is rejected; otherwise it counts.
    if race.outcomes["again 4"] == b"created":
        assert runs[4].attempt == 2
        assert not race.accepted("finish 4")
        assert isinstance(race.outcomes["finish 4"], FailedPreconditionError)
    else:
        assert (runs[4].attempt, runs[4].state) == (1, RunState.FINISHED)
    found = [run.objective for run in runs.values() if run.objective is not None]
    assert sweep.best is not None
    assert sweep.best.objective == min(found)
    # A renewed lease holds: the run is not counted as lost afterwards.
    beat = race.outcomes["beat"]
    assert isinstance(beat, HeldRuns)
    for number, _ in beat.expire_times:
        if number != 0:
            assert runs[number].state is RunState.RUNNING
    for name in ("take back 5", "resume"):
        given = race.outcomes[name]
        assert isinstance(given, bytes)
        for number in map(int, given.split()):
            # The run continues, unless its agent ended or released it afterwards.
            assert runs[number].state is not RunState.QUEUED or number == 3
    # All remaining runs can end.
    await stored.store.apply(sweep_id, [_expire()])
    assert (await stored.sweeps.get(sweep_id)).counts.unfinished == RUNS - states["finished"]
