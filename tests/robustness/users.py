"""Simulated users: they enqueue points, pause, describe, finish and cancel a running sweep.

They also cancel and retry single runs.
"""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import Any

from tests.robustness.calls import Calls, RefusedError, new_id
from tests.robustness.schedule import Action, ActionKind, SweepPlan
from tests.robustness.sweep_states import (
    FINAL_RUN_STATES,
    FINAL_SWEEP_STATES,
    RETRYABLE_RUN_STATES,
)
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb_common.search_space.proto_conversion import parameters_to_proto

# The label that names the request which enqueued a run.
REQUEST_LABEL = "request"


class User:
    """A user that acts on one sweep by its plan."""

    def __init__(self, calls: Calls, plan: SweepPlan, sweep_id: str) -> None:
        self._calls = calls
        self._plan = plan
        self._sweep_id = sweep_id
        self._random = Random(f"{plan.seed}/user")

    async def look_after(self) -> None:
        """Resume the sweep if it is paused although no user pauses it any more.

        A pause that failed at first may be carried out when it is repeated.
        """
        while True:
            await asyncio.sleep(2)
            sweep = await self._calls.ask("GetSweep", pb.GetSweepRequest(sweep_id=self._sweep_id))
            if sweep.sweep.state in FINAL_SWEEP_STATES:
                return
            if sweep.sweep.state == sweep_pb2.SWEEP_STATE_PAUSED:
                with contextlib.suppress(RefusedError):
                    await self._calls.ask("ResumeSweep", self._move(pb.ResumeSweepRequest))

    async def act(self, action: Action) -> None:
        """Wait for the action's time and carry it out; ignore errors of the sweep's state."""
        await asyncio.sleep(action.at)
        try:
            match action.kind:
                case ActionKind.ENQUEUE:
                    await self._enqueue()
                case ActionKind.PAUSE:
                    await self._calls.ask("PauseSweep", self._move(pb.PauseSweepRequest))
                    await asyncio.sleep(action.seconds)
                    await self._calls.ask("ResumeSweep", self._move(pb.ResumeSweepRequest))
                case ActionKind.CANCEL:
                    await self._calls.ask("CancelSweep", self._move(pb.CancelSweepRequest))
                case ActionKind.FINISH:
                    await self._calls.ask("FinishSweep", self._move(pb.FinishSweepRequest))
                case ActionKind.DESCRIBE:
                    await self._describe()
                case ActionKind.RETRY:
                    await self._retry()
                case ActionKind.CANCEL_RUNS:
                    await self._cancel_runs()
        except RefusedError:
            # The sweep ended before; the checker decides whether that is the reason.
            return

    def _move(self, kind: Any) -> Any:
        return kind(sweep_id=self._sweep_id, request_id=new_id())

    async def _enqueue(self) -> None:
        request = pb.EnqueueRunsRequest(sweep_id=self._sweep_id, request_id=new_id())
        for _ in range(self._random.choice([1, 1, 2, 3])):
            request.runs.add(
                parameters=parameters_to_proto(self._point()),
                labels={REQUEST_LABEL: request.request_id},
            )
        await self._calls.ask("EnqueueRuns", request)

    def _point(self) -> dict[str, Any]:
        """Return a complete or partial point of the space."""
        random = self._random
        space = self._plan.config["parameters"]
        point = {
            name: random.choice(distribution["values"])
            if "values" in distribution
            else random.randint(distribution["min"], distribution["max"])
            if isinstance(distribution["min"], int)
            else random.uniform(distribution["min"], distribution["max"])
            for name, distribution in space.items()
        }
        if random.random() < 0.3:
            del point[random.choice(list(point))]
        return point

    async def _retry(self) -> None:
        """Retry all runs that ended without a result, or some ended runs by number.

        A retry that failed at first may be carried out when it is repeated, so this waits for
        that.
        """
        request = pb.RetryRunsRequest(sweep_id=self._sweep_id, request_id=new_id())
        if self._random.random() < 0.6:
            request.states.extend(RETRYABLE_RUN_STATES)
        else:
            listed = await self._calls.ask("ListRuns", pb.ListRunsRequest(sweep_id=self._sweep_id))
            ended = [run.number for run in listed.runs if run.state in FINAL_RUN_STATES]
            if not ended:
                return
            count = min(len(ended), self._random.choice([1, 1, 2]))
            request.numbers.extend(self._random.sample(ended, count))
        try:
            await self._calls.ask("RetryRuns", request)
        finally:
            await self._calls.settle_known()

    async def _cancel_runs(self) -> None:
        """Cancel one or two of the sweep's latest runs, whatever their states."""
        request = pb.ListRunsRequest(
            sweep_id=self._sweep_id, order=pb.RUN_ORDER_NUMBER_DESC, page_size=4
        )
        listed = await self._calls.ask("ListRuns", request)
        if not listed.runs:
            return
        count = min(len(listed.runs), self._random.choice([1, 1, 2]))
        numbers = [run.number for run in self._random.sample(list(listed.runs), count)]
        await self._calls.ask(
            "CancelRuns",
            pb.CancelRunsRequest(
                sweep_id=self._sweep_id, numbers=numbers, reason="enough", request_id=new_id()
            ),
        )

    async def _describe(self) -> None:
        """Change the sweep's description and the name of one of its runs."""
        text = f"described {self._random.random()}"
        request = pb.UpdateSweepRequest(
            sweep=sweep_pb2.Sweep(sweep_id=self._sweep_id, description=text),
            request_id=new_id(),
        )
        request.update_mask.paths.append("description")
        await self._calls.ask("UpdateSweep", request)
        listed = await self._calls.ask("ListRuns", pb.ListRunsRequest(sweep_id=self._sweep_id))
        if listed.runs:
            number = self._random.choice(listed.runs).number
            naming = pb.UpdateRunRequest(
                run=run_pb2.Run(sweep_id=self._sweep_id, number=number, name=text),
                request_id=new_id(),
            )
            naming.update_mask.paths.append("name")
            await self._calls.ask("UpdateRun", naming)
