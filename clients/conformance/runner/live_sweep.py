"""A sweep of a real registry: what a user does with it, and what the registry has of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clients.conformance.runner.registry import Registry, new_id
from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import run_pb2, sweep_pb2
from wanllmdb.api.registry.v1.search_space_pb2 import ParameterValue

SEARCH: Mapping[str, Any] = {
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"x": {"min": -5.0, "max": 5.0}, "layers": {"values": [1, 2, 3]}},
}
"""A config without an end."""


@dataclass(frozen=True, slots=True)
class LiveSweep:
    """One sweep, by its id."""

    registry: Registry
    sweep_id: str

    @classmethod
    async def create(cls, registry: Registry, config: Mapping[str, Any]) -> LiveSweep:
        """Create a sweep of a config."""
        text = pb.ConfigText(text=json.dumps(config), keeps_floats=True)
        return await cls._created(registry, pb.CreateSweepRequest(config_text=text))

    @classmethod
    async def create_of_spec(cls, registry: Registry, spec: sweep_pb2.SweepSpec) -> LiveSweep:
        """Create a sweep of a spec."""
        return await cls._created(registry, pb.CreateSweepRequest(spec=spec))

    @classmethod
    async def _created(cls, registry: Registry, request: pb.CreateSweepRequest) -> LiveSweep:
        request.request_id = new_id()
        response = await registry.call(registry.sweeps.CreateSweep, request)
        return cls(registry, response.sweep.sweep_id)

    async def pause(self) -> None:
        """Pause the sweep."""
        request = pb.PauseSweepRequest(sweep_id=self.sweep_id, request_id=new_id())
        await self.registry.call(self.registry.sweeps.PauseSweep, request)

    async def resume(self) -> None:
        """Let a paused sweep go on."""
        request = pb.ResumeSweepRequest(sweep_id=self.sweep_id, request_id=new_id())
        await self.registry.call(self.registry.sweeps.ResumeSweep, request)

    async def cancel(self) -> None:
        """Cancel the sweep."""
        request = pb.CancelSweepRequest(sweep_id=self.sweep_id, request_id=new_id())
        await self.registry.call(self.registry.sweeps.CancelSweep, request)

    async def cancel_run(self, number: int) -> None:
        """Cancel a run."""
        request = pb.CancelRunsRequest(
            sweep_id=self.sweep_id, numbers=[number], request_id=new_id()
        )
        await self.registry.call(self.registry.sweeps.CancelRuns, request)

    async def finish(self) -> None:
        """Finish the sweep: the runs that there are may end, and no more follow."""
        request = pb.FinishSweepRequest(sweep_id=self.sweep_id, request_id=new_id())
        await self.registry.call(self.registry.sweeps.FinishSweep, request)

    async def state(self) -> str:
        """Return the state of the sweep, such as `FINISHED`."""
        request = pb.GetSweepRequest(sweep_id=self.sweep_id)
        sweep = (await self.registry.call(self.registry.sweeps.GetSweep, request)).sweep
        return sweep_pb2.SweepState.Name(sweep.state).removeprefix("SWEEP_STATE_")

    async def runs(self) -> list[run_pb2.Run]:
        """Return all runs, by number."""
        found: list[run_pb2.Run] = []
        request = pb.ListRunsRequest(sweep_id=self.sweep_id)
        while True:
            page = await self.registry.call(self.registry.sweeps.ListRuns, request)
            found += page.runs
            if not page.next_page_token:
                return found
            request.page_token = page.next_page_token

    async def best_run(self) -> sweep_pb2.BestRun:
        """Return the best run."""
        request = pb.GetSweepStatsRequest(sweep_id=self.sweep_id)
        stats = await self.registry.call(self.registry.sweeps.GetSweepStats, request)
        return stats.stats.best_run

    async def losses(self, number: int) -> dict[int, float]:
        """Return what a run has reported of the metric `loss`, by step."""
        request = pb.GetMetricHistoryRequest(
            sweep_id=self.sweep_id, number=number, names=["loss"], page_size=50_000
        )
        answer = await self.registry.call(self.registry.sweeps.GetMetricHistory, request)
        return {point.step: point.value for each in answer.histories for point in each.points}


def states_of(runs: Sequence[run_pb2.Run]) -> list[str]:
    """Return the states of runs, such as `FINISHED`."""
    return [run_pb2.RunState.Name(run.state).removeprefix("RUN_STATE_") for run in runs]


def count_of(state: str, runs: Sequence[run_pb2.Run]) -> int:
    """Return how many runs are in a state."""
    return states_of(runs).count(state)


def has_reported(number: int) -> Callable[[Sequence[run_pb2.Run]], bool]:
    """Return a condition: the run is RUNNING, and a value of it has arrived."""

    def holds(runs: Sequence[run_pb2.Run]) -> bool:
        return any(
            run.number == number and states_of([run]) == ["RUNNING"] and run.HasField("last_step")
            for run in runs
        )

    return holds


def parameters_of(run: run_pb2.Run) -> dict[str, Any]:
    """Return the parameters of a run as its program gets them: groups are dictionaries."""
    nested: dict[str, Any] = {}
    for name, value in run.parameters.items():
        *groups, last = name.split("/")
        inner = nested
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = _native(value)
    return nested


def _native(value: ParameterValue) -> Any:
    match value.WhichOneof("kind"):
        case None | "null_value":
            return None
        case "json_value":
            return json.loads(value.json_value)
        case kind:
            return getattr(value, kind)
