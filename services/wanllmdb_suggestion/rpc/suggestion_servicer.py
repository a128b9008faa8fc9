"""SuggestionService: one method for each RPC, on top of the sweeps' models and the registry."""

from __future__ import annotations

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as pb_grpc
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import NotFoundError
from wanllmdb_suggestion.algorithms import list_algorithms, require_pruner
from wanllmdb_suggestion.errors import no_metric
from wanllmdb_suggestion.optimizer.model import SweepModel
from wanllmdb_suggestion.optimizer.statistics.pareto import best_runs
from wanllmdb_suggestion.optimizer.types import RunState
from wanllmdb_suggestion.registry.client import CallScope, RegistryClient, scope_of_call
from wanllmdb_suggestion.rpc.validation import (
    DEFAULT_BEST_RUNS,
    check_best_runs,
    check_should_stop,
    check_suggest,
)
from wanllmdb_suggestion.suggest.cache import SweepCache


class SuggestionServicer(pb_grpc.SuggestionServiceServicer):
    """Serves the RPCs of SuggestionService."""

    def __init__(self, registry: RegistryClient, sweeps: SweepCache) -> None:
        self._registry = registry
        self._sweeps = sweeps

    async def Suggest(self, request: pb.SuggestRequest, context: Context) -> pb.SuggestResponse:
        check_suggest(request)
        scope = scope_of_call(context)
        async with self._sweeps.using(request.sweep_id, scope) as sweep:
            return await sweep.batcher.suggest(request, scope)

    async def ShouldStop(
        self, request: pb.ShouldStopRequest, context: Context
    ) -> pb.ShouldStopResponse:
        check_should_stop(request)
        scope = scope_of_call(context)
        async with (
            self._sweeps.using(request.sweep_id, scope) as sweep,
            sweep.session.fresh_model(scope) as model,
        ):
            require_pruner(model.spec)
            return await sweep.session.off_loop(
                lambda: should_stop(model, request.sweep_id, request.number)
            )

    async def GetBestRuns(
        self, request: pb.GetBestRunsRequest, context: Context
    ) -> pb.GetBestRunsResponse:
        check_best_runs(request)
        count = request.count or DEFAULT_BEST_RUNS
        scope = scope_of_call(context)
        # The registry has an index for this query, so the model is not needed.
        sweep = await self._registry.get_sweep(request.sweep_id, scope)
        if not sweep.spec.metrics:
            raise no_metric(request.sweep_id)
        if len(sweep.spec.metrics) > 1:
            return await self._pareto_front(request.sweep_id, count, scope)
        runs = await self._registry.best_runs(
            request.sweep_id,
            count,
            scope,
            minimize=sweep.spec.metrics[0].goal != sweep_pb2.GOAL_MAXIMIZE,
        )
        # The runs, which were read later, may include later changes.
        return pb.GetBestRunsResponse(runs=runs, total_runs=len(runs), revision=sweep.revision)

    async def _pareto_front(
        self, sweep_id: str, count: int, scope: CallScope
    ) -> pb.GetBestRunsResponse:
        async with (
            self._sweeps.using(sweep_id, scope) as sweep,
            sweep.session.fresh_model(scope) as model,
        ):
            numbers = await sweep.session.off_loop(
                lambda: best_runs(model.runs.values(), model.spec.metrics)
            )
            revision = model.revision
        runs = await self._registry.get_runs(sweep_id, numbers[:count], scope)
        return pb.GetBestRunsResponse(runs=runs, total_runs=len(numbers), revision=revision)

    async def ListAlgorithms(
        self, request: pb.ListAlgorithmsRequest, context: Context
    ) -> pb.ListAlgorithmsResponse:
        return pb.ListAlgorithmsResponse(algorithms=list_algorithms())


def should_stop(model: SweepModel, sweep_id: str, number: int) -> pb.ShouldStopResponse:
    """Return whether a run should stop, with the reason.

    Raises:
        NotFoundError: RUN_NOT_FOUND.
    """
    run = model.runs.get(number)
    if run is None:
        raise NotFoundError(
            "RUN_NOT_FOUND",
            f"sweep '{sweep_id}' has no run {number}",
            sweep_id=sweep_id,
            number=number,
        )
    if model.stop_rule is None:
        return pb.ShouldStopResponse(reason="the sweep has no early termination")
    if run.state is not RunState.RUNNING:
        return pb.ShouldStopResponse(
            reason=f"run {number} is {run.state}: only running runs are stopped"
        )
    decision = model.stop_rule.decide(number)
    return pb.ShouldStopResponse(
        should_stop=decision.should_stop,
        reason=f"run {number} {'stops' if decision.should_stop else 'goes on'}: {decision.why}",
        rung=decision.step,
        threshold=decision.threshold,
        value=decision.value,
        compared_runs=decision.compared,
        next_check_iteration=decision.next_count,
    )
