"""Simulated agents: they ask for runs, report, and end runs in time, late or never."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Iterable
from enum import StrEnum
from random import Random
from typing import Any

from tests.robustness.calls import Calls, RefusedError, new_id
from tests.robustness.platform import LEASE_SECONDS
from tests.robustness.schedule import SweepPlan
from tests.robustness.sweep_states import FINAL_SWEEP_STATES
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as suggestion_pb

HEARTBEAT_SECONDS = LEASE_SECONDS / 3

# Seconds by which a clock jumps.
_DAY = 86_400


class Conduct(StrEnum):
    """What an agent does with a run."""

    GOOD = "reports and finishes"
    QUICK = "finishes"
    SLOW = "takes longer than a lease, with heartbeats"
    LATE = "sends no heartbeat for longer than a lease, then goes on"
    DIES = "sends nothing again"
    FAILS = "fails"
    RELEASES = "gives it back"
    CANCELS = "cancels it"
    NAN = "finishes with NaN"
    RACES = "reports and finishes at the same time"
    CLOCK_JUMPS = "has a clock that jumps"


_WEIGHTS = {
    Conduct.GOOD: 44,
    Conduct.QUICK: 10,
    Conduct.SLOW: 4,
    Conduct.LATE: 7,
    Conduct.DIES: 8,
    Conduct.FAILS: 9,
    Conduct.RELEASES: 5,
    Conduct.CANCELS: 2,
    Conduct.NAN: 2,
    Conduct.RACES: 4,
    Conduct.CLOCK_JUMPS: 4,
}


class _DiedError(Exception):
    """The agent's process ended."""


class Agent:
    """One agent of a sweep.

    Each Suggest is sent under an agent id of its own, so that a run names the Suggest to which it
    was assigned. The first agent of a sweep is steady: it never dies, and it stays until the sweep
    has ended and no user will retry runs.

    Args:
        calls: Sends the agent's calls.
        plan: The plan of the sweep.
        sweep_id: The id of the sweep.
        place: The agent's index in the sweep.
        acted: Set once the sweep's users have carried out all their actions.
    """

    def __init__(
        self, calls: Calls, plan: SweepPlan, sweep_id: str, place: int, acted: asyncio.Event
    ) -> None:
        self._calls = calls
        self._sweep_id = sweep_id
        self._place = place
        self._acted = acted
        self._random = Random(f"{plan.seed}/agent {place}")
        self._suggests = 0
        self._held: dict[tuple[int, int], int] = {}
        # Ends of runs that the next Suggest brings.
        self._ended: list[pb.FinishRunRequest] = []
        self._may_bring = False
        metrics = plan.config.get("metrics") or [plan.config["metric"]]
        self._metrics = [metric["name"] for metric in metrics]
        self._asks_to_stop = "early_terminate" in plan.config

    async def work(self) -> None:
        """Work until the sweep or the agent has ended."""
        heart = asyncio.create_task(self._beat())
        try:
            while True:
                self._suggests += 1
                name = f"agent-{self._place}.{self._suggests}"
                is_last = self._acted.is_set() or not self._is_steady
                if await self._work_as(name):
                    continue
                await self._deliver(self._ended)
                if is_last:
                    return
                await self._acted.wait()
        finally:
            heart.cancel()

    async def _work_as(self, name: str) -> bool:
        """Send one Suggest and work on its runs; return whether there is more to do."""
        count = self._random.choice([1, 1, 1, 1, 2, 3])
        resume = False
        while True:
            runs = await self._suggest(name, count, resume=resume)
            if runs is None:
                return False
            try:
                for run in runs:
                    # The next Suggest follows the last run at once.
                    self._may_bring = run is runs[-1]
                    await self._do(run)
            except _DiedError:
                self._held.clear()
                if self._random.random() < 0.4:
                    return False
                await asyncio.sleep(self._random.uniform(0.1, LEASE_SECONDS * 1.5))
                # The agent starts again and sometimes resumes its runs.
                resume = self._random.random() < 0.7
                if resume:
                    continue
            return True

    async def _suggest(self, name: str, count: int, *, resume: bool) -> list[run_pb2.Run] | None:
        """Return runs to work on, or None once the sweep has ended."""
        ended, self._ended = self._ended, []
        request = suggestion_pb.SuggestRequest(
            sweep_id=self._sweep_id,
            count=count,
            agent_id=name,
            request_id=new_id(),
            resume=resume,
            ended_runs=ended,
        )
        if not self._is_steady and not resume and self._random.random() < 0.02:
            # The agent crashes while it waits, perhaps after runs were assigned to it.
            await self._calls.once("Suggest", request, self._random.uniform(0.01, 0.2))
            # Its spool still has the ends.
            await self._deliver(ended)
            return []
        try:
            answer = await self._calls.ask("Suggest", request)
        except RefusedError as error:
            await self._deliver(ended)
            if error.metadata.get("state") != "PAUSED":
                return None
            await asyncio.sleep(self._random.uniform(0.2, 0.5))
            return []
        results = zip(ended, answer.ended_runs, strict=True)
        await self._deliver([end for end, result in results if not result.WhichOneof("result")])
        runs = list(answer.runs)
        for run in runs:
            self._held[run.number, run.attempt] = run_pb2.RUN_COMMAND_CONTINUE
        if not runs:
            sweep = await self._calls.ask("GetSweep", pb.GetSweepRequest(sweep_id=self._sweep_id))
            if sweep.sweep.state in FINAL_SWEEP_STATES:
                return None
            # Runs of other agents may still be lost and queued again.
            await asyncio.sleep(self._random.uniform(0.4, 0.9))
        return runs

    async def _deliver(self, ended: Iterable[pb.FinishRunRequest]) -> None:
        """Send ends of runs, which a Suggest may have brought before, by themselves."""
        self._ended = []
        for end in ended:
            with contextlib.suppress(RefusedError):
                await self._calls.ask("FinishRun", end)

    @property
    def _is_steady(self) -> bool:
        return self._place == 0

    async def _do(self, run: run_pb2.Run) -> None:
        """Work on a run in one of many ways."""
        conduct = self._random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        try:
            await self._behave(run, conduct)
        except RefusedError:
            # The run was lost, assigned again or ended; the checker decides whether rightly.
            return
        finally:
            self._held.pop((run.number, run.attempt), None)

    async def _behave(self, run: run_pb2.Run, conduct: Conduct) -> None:
        random = self._random
        clock = random.choice([-1, 1]) * random.choice([60, _DAY, 3650 * _DAY])
        skew = clock if conduct is Conduct.CLOCK_JUMPS else 0
        reports = 0 if conduct is Conduct.QUICK else random.choice([1, 1, 2, 3])
        for part in range(reports):
            await asyncio.sleep(random.uniform(0.01, 0.2))
            if not await self._report(run, self._rows(part, skew)):
                await self._end(run, canceled=pb.RunCanceled(reason="the sweep stops it"))
                return
            if await self._should_stop(run):
                await self._end(run, pruned=pb.RunPruned(reason="stopped by ShouldStop"))
                return
        if conduct is Conduct.DIES and not self._is_steady:
            raise _DiedError
        if conduct in (Conduct.LATE, Conduct.CLOCK_JUMPS):
            # The agent sends no heartbeats, or sends them by a clock that jumped.
            self._held.pop((run.number, run.attempt), None)
            if conduct is Conduct.LATE or random.random() < 0.3:
                await asyncio.sleep(LEASE_SECONDS * random.uniform(1.1, 1.9))
        elif conduct is Conduct.SLOW:
            await asyncio.sleep(LEASE_SECONDS * random.uniform(1.1, 1.5))
        else:
            await asyncio.sleep(random.uniform(0.01, 0.35))
        command = self._held.get((run.number, run.attempt))
        if command == run_pb2.RUN_COMMAND_ABANDON and random.random() < 0.5:
            # Half of the agents that get STOP or ABORT finish the run all the same.
            return
        rows = self._rows(reports, skew) if random.random() < 0.6 else []
        match conduct:
            case Conduct.FAILS:
                error = run_pb2.RunError(message=f"failure {random.random()}")
                await self._end(run, rows, failed=pb.RunFailed(error=error))
            case Conduct.RELEASES:
                await self._release(run)
            case Conduct.CANCELS:
                await self._end(run, rows, canceled=pb.RunCanceled(reason="by its agent"))
            case Conduct.NAN:
                await self._end(run, rows, succeeded=self._success(math.nan))
            case Conduct.RACES:
                self._may_bring = False
                report = self._report(run, self._rows(reports + 1, skew))
                end = self._end(run, rows, succeeded=self._success(random.random()))
                await asyncio.gather(report, end, return_exceptions=True)
            case _:
                given = random.random() if reports == 0 or random.random() < 0.7 else None
                await self._end(run, rows, succeeded=self._success(given))

    def _success(self, objective: float | None) -> pb.RunSucceeded:
        """Return a success, sometimes with few distinct values, so that runs are equally good."""
        if objective is not None and self._random.random() < 0.25:
            objective = round(objective, 1)
        if objective is None or len(self._metrics) == 1:
            return pb.RunSucceeded(objective=objective)
        return pb.RunSucceeded(objectives=dict.fromkeys(self._metrics, objective))

    def _rows(self, part: int, skew: int) -> list[run_pb2.MetricRow]:
        """Return values of some steps, sometimes of a step that was reported before."""
        first = max(0, part * 3 - self._random.choice([0, 0, 0, 1]))
        rows = []
        for step in range(first, first + self._random.choice([1, 2, 3])):
            values = {name: self._random.random() for name in self._metrics}
            if self._random.random() < 0.5:
                values["accuracy"] = self._random.random()
            row = run_pb2.MetricRow(step=step, values=values)
            if skew:
                row.time.FromSeconds(1_800_000_000 + skew + step)
            rows.append(row)
        if self._random.random() < 0.2:
            # The program sets the summary value at the step that it has reached.
            names = [*self._metrics, "set"]
            values = {name: self._random.random() for name in names if self._random.random() < 0.6}
            rows.append(run_pb2.MetricRow(step=rows[-1].step, values=values, is_summary=True))
        return rows

    async def _report(self, run: run_pb2.Run, rows: list[run_pb2.MetricRow]) -> bool:
        """Report values and return whether to continue."""
        request = pb.ReportMetricsRequest(
            sweep_id=self._sweep_id,
            number=run.number,
            attempt=run.attempt,
            rows=rows,
            request_id=new_id(),
        )
        answer = await self._calls.ask("ReportMetrics", request)
        return bool(answer.command != run_pb2.RUN_COMMAND_STOP)

    async def _should_stop(self, run: run_pb2.Run) -> bool:
        if not self._asks_to_stop:
            return False
        request = suggestion_pb.ShouldStopRequest(sweep_id=self._sweep_id, number=run.number)
        return bool((await self._calls.ask("ShouldStop", request)).should_stop)

    async def _end(
        self, run: run_pb2.Run, rows: list[run_pb2.MetricRow] | None = None, **outcome: Any
    ) -> None:
        request = pb.FinishRunRequest(
            sweep_id=self._sweep_id,
            number=run.number,
            attempt=run.attempt,
            rows=rows or [],
            request_id=new_id(),
            **outcome,
        )
        if self._may_bring and self._random.random() < 0.5:
            self._ended.append(request)
            return
        await self._calls.ask("FinishRun", request)

    async def _release(self, run: run_pb2.Run) -> None:
        request = pb.ReleaseRunRequest(
            sweep_id=self._sweep_id,
            number=run.number,
            attempt=run.attempt,
            reason="not now",
            request_id=new_id(),
        )
        await self._calls.ask("ReleaseRun", request)

    async def _beat(self) -> None:
        """Send a heartbeat for the runs that the agent holds."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            leases = [
                pb.RunLease(sweep_id=self._sweep_id, number=number, attempt=attempt)
                for number, attempt in self._held
            ]
            if not leases:
                continue
            request = pb.HeartbeatRequest(leases=leases)
            answer = await self._calls.once("Heartbeat", request, HEARTBEAT_SECONDS * 2)
            for status in () if answer is None else answer.statuses:
                key = status.lease.number, status.lease.attempt
                with contextlib.suppress(KeyError):
                    self._held[key] = self._held[key] and status.command
