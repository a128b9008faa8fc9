"""AnalysisService: what the runs of a sweep say."""

from __future__ import annotations

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as pb_grpc
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import FailedPreconditionError
from wanllmdb_suggestion.importance_worker import ImportanceWorker
from wanllmdb_suggestion.refusals import no_metric
from wanllmdb_suggestion.registry_client import RegistryClient, scope_of_call
from wanllmdb_suggestion.requests import DEFAULT_HISTORY_POINTS, check_history, check_importance
from wanllmdb_suggestion.study.history import finished_runs, history
from wanllmdb_suggestion.study.importance import importance_data
from wanllmdb_suggestion.sweep_cache import SweepCache

MIN_RUNS_FOR_IMPORTANCE = 2


class AnalysisServicer(pb_grpc.AnalysisServiceServicer):
    """The service."""

    def __init__(
        self, registry: RegistryClient, sweeps: SweepCache, importance: ImportanceWorker
    ) -> None:
        self._registry = registry
        self._sweeps = sweeps
        self._importance = importance

    async def GetParameterImportance(
        self, request: pb.GetParameterImportanceRequest, context: Context
    ) -> pb.GetParameterImportanceResponse:
        check_importance(request)
        with self._sweeps.forgetting_deleted(request.sweep_id):
            keeper = self._sweeps.get(request.sweep_id).keeper
            async with keeper.fresh_model(scope_of_call(context)) as model:
                if model.spec.metric is None:
                    raise no_metric(request.sweep_id)
                data = await keeper.off_loop(lambda: importance_data(model))
        if data.finished < MIN_RUNS_FOR_IMPORTANCE:
            raise FailedPreconditionError(
                "NOT_ENOUGH_RUNS",
                f"importance needs at least {MIN_RUNS_FOR_IMPORTANCE} finished runs; sweep "
                f"'{request.sweep_id}' has {data.finished}",
                sweep_id=request.sweep_id,
                finished=data.finished,
                needed=MIN_RUNS_FOR_IMPORTANCE,
            )
        shares = await self._importance.compute(data)
        return pb.GetParameterImportanceResponse(
            importances=[pb.ParameterImportance(name=n, importance=share) for n, share in shares],
            runs_used=len(data.points),
        )

    async def GetOptimizationHistory(
        self, request: pb.GetOptimizationHistoryRequest, context: Context
    ) -> pb.GetOptimizationHistoryResponse:
        check_history(request)
        max_points = request.max_points or DEFAULT_HISTORY_POINTS
        with self._sweeps.forgetting_deleted(request.sweep_id):
            keeper = self._sweeps.get(request.sweep_id).keeper
            async with keeper.fresh_model(scope_of_call(context)) as model:
                if model.spec.metric is None:
                    raise no_metric(request.sweep_id)
                minimize = model.spec.minimize
                finished = await keeper.off_loop(lambda: finished_runs(model.runs))
        columns = history(finished, minimize=minimize, max_points=max_points)
        return pb.GetOptimizationHistoryResponse(
            run_numbers=columns.numbers.tolist(),
            objectives=columns.objectives.tolist(),
            best_objectives=columns.best.tolist(),
            goal=sweep_pb2.GOAL_MINIMIZE if minimize else sweep_pb2.GOAL_MAXIMIZE,
            total_finished_runs=columns.total,
        )
