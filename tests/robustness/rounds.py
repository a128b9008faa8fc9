"""Carry out a schedule: sweeps under faults, each recorded as a history."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from tests.robustness.agents import Agent
from tests.robustness.calls import Calls, Clock, GaveUpError, new_id
from tests.robustness.certificates import ShownCertificate, shown_certificates
from tests.robustness.faults import Injector
from tests.robustness.final_state import read_final_state
from tests.robustness.history import History
from tests.robustness.key_office import open_project
from tests.robustness.platform import Platform
from tests.robustness.schedule import Schedule
from tests.robustness.sweep_states import FINAL_SWEEP_STATES
from tests.robustness.users import User
from tests.robustness.visitor import Visitor
from tests.robustness.watcher import CATCH_UP_SECONDS, Watcher
from tests.robustness.workers import Workers
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb

# Seconds from the end of the agents to that of their last runs: several leases and a margin.
ENDING_SECONDS = 60.0

# Seconds for a sweep's agents and users: several times what a slow machine takes.
WORK_SECONDS = 240.0

# Seconds by which a call may exceed its deadline, in addition to the driver's own delay.
_SLACK_SECONDS = 2.0
_TICK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Round:
    """The result of a schedule.

    Attributes:
        kills: When processes were killed, in seconds from the start of the traffic.
        certificates: The certificates that the services showed in the end; none without TLS.
    """

    schedule: Schedule
    histories: Sequence[History]
    injector: Injector
    kills: Sequence[float]
    certificates: Sequence[ShownCertificate] = ()

    def saw_kill(self, history: History) -> bool:
        """Return whether a process was killed while the sweep was active."""
        return any(history.began <= at <= history.ended for at in self.kills)


async def run_round(platform: Platform, schedule: Schedule) -> Round:
    """Run sweeps, traffic and faults; then heal the platform and read the final states."""
    await platform.serve(schedule.security)
    clock = Clock()
    injector = Injector(platform)
    histories = [History(plan) for plan in schedule.sweeps]
    async with _measured_lag() as lag, asyncio.TaskGroup() as group:
        group.create_task(injector.run(schedule.faults, clock.begin))
        for history in histories:
            group.create_task(_run_sweep(platform, history, clock))
    for history in histories:
        history.slack = _SLACK_SECONDS + lag.worst
    kills = [at - clock.begin for at in injector.kills]
    certificates = await shown_certificates(platform)
    return Round(schedule, histories, injector, kills, certificates)


async def _run_sweep(platform: Platform, history: History, clock: Clock) -> None:
    plan = history.plan
    await asyncio.sleep(plan.starts)
    history.began = clock.now()
    async with Calls(platform, history, clock, f"{plan.seed}/calls") as calls:
        with contextlib.suppress(GaveUpError):
            visitor = None
            if platform.security.keys:
                outsider = await open_project(calls, history, plan, platform.root_key)
                visitor = Visitor(calls, plan, outsider)
            await _follow_plan(platform, calls, history, visitor)
    history.ended = clock.now()


async def _follow_plan(
    platform: Platform, calls: Calls, history: History, visitor: Visitor | None
) -> None:
    plan = history.plan
    text = pb.ConfigText(text=json.dumps(plan.config))
    request = pb.CreateSweepRequest(config_text=text, project=history.project, request_id=new_id())
    created = await calls.ask("CreateSweep", request)
    sweep_id = history.sweep_id = created.sweep.sweep_id
    watchers = [Watcher(calls, plan, sweep_id, place) for place in range(plan.watchers)]
    watching = [asyncio.create_task(watcher.watch()) for watcher in watchers]
    try:
        async with _visited(visitor):
            await _work(platform, calls, history)
            await _wait_for_end(calls, history)
        await calls.settle()
        history.final = await read_final_state(calls, sweep_id, has_best="metric" in plan.config)
        revision = history.final.sweep.revision
        for watcher in watchers:
            watcher.finish_at(revision)
        _done, late = await asyncio.wait(watching, timeout=CATCH_UP_SECONDS)
        for _ in late:
            history.gave_up.append(f"a watch did not come to revision {revision}")
        for watch in _done:
            watch.result()
    finally:
        for watch in watching:
            watch.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


@contextlib.asynccontextmanager
async def _visited(visitor: Visitor | None) -> AsyncIterator[None]:
    """Run the visitor for the duration of the block."""
    if visitor is None:
        yield
        return
    visit = asyncio.create_task(visitor.visit())
    try:
        yield
    finally:
        visitor.is_over.set()
        with contextlib.suppress(GaveUpError):
            await visit


async def _work(platform: Platform, calls: Calls, history: History) -> None:
    """Run agents and users until the sweep has ended."""
    plan = history.plan
    user = User(calls, plan, history.sweep_id)
    acted = asyncio.Event()

    async def use() -> None:
        try:
            await asyncio.gather(*map(user.act, plan.actions))
        finally:
            acted.set()
        await user.look_after()

    work: list[Coroutine[Any, Any, None]] = [
        Agent(calls, plan, history.sweep_id, place, acted).work() for place in range(plan.agents)
    ]
    if plan.workers is not None:
        workers = Workers(platform, calls, plan.workers)
        history.work = workers.seen
        work.append(workers.work())
    tasks = [asyncio.create_task(part) for part in [*work, use()]]
    _done, late = await asyncio.wait(tasks, timeout=WORK_SECONDS)
    for task in late:
        history.gave_up.append(f"{task.get_coro()} has not ended after {WORK_SECONDS:g} s")
        task.cancel()
    # A request that could not be carried out is recorded and does not stop the others.
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception) and not isinstance(outcome, GaveUpError):
            raise outcome


async def _wait_for_end(calls: Calls, history: History) -> None:
    """Wait until the sweep and all its runs have ended; runs of dead agents are lost first."""
    deadline = calls.clock.now() + ENDING_SECONDS
    while True:
        request = pb.GetSweepRequest(sweep_id=history.sweep_id)
        sweep = (await calls.ask("GetSweep", request)).sweep
        running = sweep.stats.queued_runs + sweep.stats.running_runs
        if sweep.state in FINAL_SWEEP_STATES and not running:
            return
        if calls.clock.now() > deadline:
            stats = " ".join(str(sweep.stats).split())
            history.gave_up.append(f"the sweep does not end: state {sweep.state}, {stats}")
            return
        await asyncio.sleep(0.5)


@dataclass(slots=True)
class _Lag:
    """The longest delay of the driver itself, in seconds."""

    worst: float = 0.0


@contextlib.asynccontextmanager
async def _measured_lag() -> AsyncIterator[_Lag]:
    lag = _Lag()
    loop = asyncio.get_running_loop()

    async def measure() -> None:
        while True:
            before = loop.time()
            await asyncio.sleep(_TICK_SECONDS)
            lag.worst = max(lag.worst, loop.time() - before - _TICK_SECONDS)

    task = asyncio.create_task(measure())
    try:
        yield lag
    finally:
        task.cancel()
