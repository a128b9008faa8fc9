"""Callers of the client's own functions: `python -m tests.upgrade.driver SWEEP ...`.

One task works on runs of each sweep, and one watches it. Another task creates sweeps of one run
each, lists them and finishes them. All end when no sweep assigns more runs. Then the program
prints a line of JSON with what was acknowledged.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import sys
from collections.abc import Awaitable
from dataclasses import asdict, dataclass, field
from typing import TypeVar

from tests.e2e.busy_agents import WORK, loss_of
from wanllmdb import (
    AsyncClient,
    Checkpoint,
    MetricRow,
    Pruned,
    Run,
    Succeeded,
    UnavailableError,
    WanllmdbError,
)

T = TypeVar("T")

CONFIG = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": -5.0, "max": 5.0}, "layers": {"min": 1, "max": 6}},
    "run_cap": 1,
}
PAUSE = 0.3
LAST_CHANGES_SECONDS = 240.0


@dataclass
class Acknowledged:
    """What the services confirmed.

    Attributes:
        done: By sweep: the number and the loss of each finished run.
        pruned: By sweep: the numbers of the runs that were stopped early.
        created: The sweeps of the task that creates them.
        revisions: By sweep: the revisions of the changes that its watch brought, in order.
        calls: The number of calls.
        unanswered: How often ShouldStop, which does not wait for a service, found none.
        errors: Each error that a call raised.
    """

    done: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    pruned: dict[str, list[int]] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    revisions: dict[str, list[int]] = field(default_factory=dict)
    calls: int = 0
    unanswered: int = 0
    errors: list[str] = field(default_factory=list)


class Driver:
    """All tasks of one process."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._name = f"driver-{os.getpid()}"
        self._ends = asyncio.Event()
        self.seen = Acknowledged()

    async def drive(self, sweeps: list[str]) -> None:
        """Work until no sweep assigns more runs."""
        watches = [asyncio.create_task(self._watch(sweep_id)) for sweep_id in sweeps]
        user = asyncio.create_task(self._use())
        async with asyncio.TaskGroup() as group:
            for sweep_id in sweeps:
                group.create_task(self._work(sweep_id))
        self._ends.set()
        await user
        for sweep_id, watch in zip(sweeps, watches, strict=True):
            await self._last_change(sweep_id)
            watch.cancel()
        for ended in await asyncio.gather(*watches, return_exceptions=True):
            if not isinstance(ended, asyncio.CancelledError):
                self.seen.errors.append(f"a watch: {ended!r}")

    async def _call(self, call: Awaitable[T]) -> T:
        try:
            answer = await call
        except WanllmdbError as error:
            self.seen.errors.append(repr(error))
            raise
        self.seen.calls += 1
        return answer

    async def _work(self, sweep_id: str) -> None:
        """Work on runs as a single agent does."""
        while True:
            try:
                suggested = await self._call(
                    self._client.suggest(sweep_id, agent_id=f"{self._name}-{sweep_id}")
                )
                for run in suggested.runs:
                    await self._try(run)
            except WanllmdbError:
                # It is in the list; without a pause, the list would grow quickly.
                await asyncio.sleep(PAUSE)
                continue
            if suggested.exhausted:
                return
            if not suggested.runs:
                await asyncio.sleep(PAUSE)

    async def _try(self, run: Run) -> None:
        loss = loss_of(run.parameters)
        for step, value in enumerate((loss + 1.0, loss)):
            await self._call(
                self._client.report_metrics(
                    run.sweep_id, run.number, run.attempt, [MetricRow(step, {"loss": value})]
                )
            )
            reason = await self._reason_to_stop(run)
            if reason is not None:
                await self._finish(run, Pruned(reason))
                self.seen.pruned.setdefault(run.sweep_id, []).append(run.number)
                return
            await asyncio.sleep(random.uniform(*WORK))
        await self._finish(run, Succeeded(loss))
        self.seen.done.setdefault(run.sweep_id, []).append((run.number, loss))

    async def _reason_to_stop(self, run: Run) -> str | None:
        """Return why the run stops; None if it goes on, as agents do if nothing answers in time."""
        try:
            decision = await self._client.should_stop(run.sweep_id, run.number)
        except UnavailableError:
            self.seen.unanswered += 1
            return None
        except WanllmdbError as error:
            self.seen.errors.append(f"ShouldStop: {error!r}")
            raise
        self.seen.calls += 1
        return decision.reason if decision.should_stop else None

    async def _finish(self, run: Run, outcome: Succeeded | Pruned) -> None:
        await self._call(self._client.finish_run(run.sweep_id, run.number, run.attempt, outcome))

    async def _use(self) -> None:
        """Create sweeps of one run each, list them and finish them, until the driver ends."""
        for index in itertools.count():
            if self._ends.is_set():
                return
            try:
                created = await self._call(
                    self._client.create_sweep(CONFIG | {"name": f"{self._name}-{index}"})
                )
                sweep_id = created.sweep.sweep_id
                self.seen.created.append(sweep_id)
                listed = self._client.list_sweeps(page_size=10)
                await self._call(anext(aiter(listed)))
                await self._call(self._client.update_sweep(sweep_id, description="changed"))
                suggested = await self._call(
                    self._client.suggest(sweep_id, agent_id=f"{self._name}-user")
                )
                for run in suggested.runs:
                    await self._try(run)
            except WanllmdbError:
                pass
            await asyncio.sleep(PAUSE)

    async def _watch(self, sweep_id: str) -> None:
        revisions = self.seen.revisions.setdefault(sweep_id, [])
        async for change in self._client.watch_sweep(sweep_id):
            if not isinstance(change, Checkpoint):
                revisions.append(change.revision)

    async def _last_change(self, sweep_id: str) -> None:
        """Wait until a sweep has ended and its watch has brought the last change."""
        revisions = self.seen.revisions[sweep_id]
        try:
            async with asyncio.timeout(LAST_CHANGES_SECONDS):
                while True:
                    sweep = await self._call(self._client.get_sweep(sweep_id))
                    if sweep.state.is_final and revisions[-1:] == [sweep.revision]:
                        return
                    await asyncio.sleep(PAUSE)
        except TimeoutError:
            self.seen.errors.append(f"the watch of {sweep_id} misses its last change")


async def main() -> None:
    async with AsyncClient() as client:
        driver = Driver(client)
        await driver.drive(sys.argv[1:])
    print(json.dumps(asdict(driver.seen)))


if __name__ == "__main__":
    asyncio.run(main())
