"""The suggestion server's rows."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from google.protobuf.message import Message

from tests.security_table.case import Case, Scope
from tests.security_table.world import OWN, World
from tests.sweeps import create_runs, finish_run, proposal, request_id
from wanllmdb.api.registry.v1 import registry_service_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as analysis_pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb_common.calls.caller import Role

_SUGGESTION = "/wanllmdb.api.suggestion.v1.SuggestionService"
_ANALYSIS = "/wanllmdb.api.suggestion.v1.AnalysisService"

Make = Callable[[World, str], Awaitable[Message]]

_TWO_METRICS: dict[str, Any] = {
    "method": "random",
    "metrics": [{"name": "loss", "goal": "minimize"}, {"name": "size", "goal": "minimize"}],
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


async def _suggest(world: World, project: str) -> Message:
    return pb.SuggestRequest(
        sweep_id=await world.sweep(project), agent_id="agent", request_id=request_id()
    )


async def _resume(world: World, project: str) -> Message:
    run = await world.running(project)
    return pb.SuggestRequest(
        sweep_id=run.sweep_id, agent_id=run.agent_id, request_id=request_id(), resume=True
    )


async def _suggest_with_an_end(world: World, project: str) -> Message:
    run = await world.running(project)
    end = registry_service_pb2.FinishRunRequest(
        sweep_id=run.sweep_id,
        number=run.number,
        attempt=run.attempt,
        succeeded=registry_service_pb2.RunSucceeded(objective=1.0),
        request_id=request_id(),
    )
    return pb.SuggestRequest(
        sweep_id=run.sweep_id,
        agent_id=run.agent_id,
        request_id=request_id(),
        ended_runs=[end],
    )


async def _should_stop(world: World, project: str) -> Message:
    run = await world.running(project)
    return pb.ShouldStopRequest(sweep_id=run.sweep_id, number=run.number)


async def _list_algorithms(world: World, project: str) -> Message:
    return pb.ListAlgorithmsRequest()


async def _hypervolume(world: World, project: str) -> Message:
    request = registry_service_pb2.CreateSweepRequest(
        project=project,
        config_text=registry_service_pb2.ConfigText(text=json.dumps(_TWO_METRICS)),
        request_id=request_id(),
    )
    sweep_id = (await world.registry.CreateSweep(request)).sweep.sweep_id
    world.made[sweep_id] = project
    return analysis_pb.GetHypervolumeHistoryRequest(sweep_id=sweep_id)


async def _finished(world: World, project: str) -> str:
    """Create a sweep with some finished runs."""
    sweep_id = await world.sweep(project)
    proposals = [proposal(number, x=number / 4, n=number + 1) for number in range(3)]
    for run in await create_runs(world.registry, sweep_id, *proposals):
        await finish_run(world.registry, run, objective=run.number)
    return sweep_id


def _of_finished(request: Callable[..., Message], **fields: object) -> Make:
    async def make(world: World, project: str) -> Message:
        return request(sweep_id=await _finished(world, project), **fields)

    return make


def _of_two(request: Callable[..., Message]) -> Make:
    async def make(world: World, project: str) -> Message:
        return request(sweep_ids=[await world.sweep(OWN), await world.sweep(project)])

    return make


def _suggestion(
    rpc: str, make: Make, role: Role, scope: Scope = Scope.PROJECT, note: str = ""
) -> Case:
    return Case(f"{_SUGGESTION}/{rpc}", make, role, scope, note)


def _analysis(rpc: str, make: Make, note: str = "") -> Case:
    return Case(f"{_ANALYSIS}/{rpc}", make, Role.READER, note=note)


CASES = [
    _suggestion("Suggest", _suggest, Role.AGENT),
    _suggestion("Suggest", _resume, Role.AGENT, note="what was held before"),
    _suggestion("Suggest", _suggest_with_an_end, Role.AGENT, note="with the end of a run"),
    _suggestion("ShouldStop", _should_stop, Role.READER),
    _suggestion("GetBestRuns", _of_finished(pb.GetBestRunsRequest), Role.READER),
    _suggestion("ListAlgorithms", _list_algorithms, Role.READER, Scope.ANY),
    _analysis("GetParameterImportance", _of_finished(analysis_pb.GetParameterImportanceRequest)),
    _analysis("GetOptimizationHistory", _of_finished(analysis_pb.GetOptimizationHistoryRequest)),
    _analysis("GetHypervolumeHistory", _hypervolume),
    _analysis("GetSlices", _of_finished(analysis_pb.GetSlicesRequest)),
    _analysis(
        "GetContour", _of_finished(analysis_pb.GetContourRequest, x_parameter="x", y_parameter="n")
    ),
    _analysis("GetCorrelations", _of_finished(analysis_pb.GetCorrelationsRequest)),
    _analysis("GetEdf", _of_two(analysis_pb.GetEdfRequest), note="of two sweeps"),
    _analysis("CompareSweeps", _of_two(analysis_pb.CompareSweepsRequest), note="of two sweeps"),
]
