"""SuggestionService: what each RPC does, in terms of models and the registry."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import cast

from wanllmdb.api.registry.v1 import sweep_pb2
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import suggestion_service_pb2_grpc as pb_grpc
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import FailedPreconditionError, NotFoundError
from wanllmdb_common.interceptor import REQUEST_ID_KEY
from wanllmdb_suggestion.algorithms import ALGORITHMS
from wanllmdb_suggestion.convert import EXHAUSTED
from wanllmdb_suggestion.early_termination import should_stop
from wanllmdb_suggestion.importance_worker import ImportanceWorker
from wanllmdb_suggestion.registry_client import CallScope, RegistryClient
from wanllmdb_suggestion.requests import (
    DEFAULT_BEST_RUNS,
    DEFAULT_HISTORY_POINTS,
    check_best_runs,
    check_history,
    check_importance,
    check_should_stop,
    check_suggest,
)
from wanllmdb_suggestion.settings import SuggestionSettings
from wanllmdb_suggestion.study.history import finished_runs, history
from wanllmdb_suggestion.study.importance import importance_data
from wanllmdb_suggestion.sweep_cache import SweepCache

MIN_RUNS_FOR_IMPORTANCE = 2


class SuggestionServicer(pb_grpc.SuggestionServiceServicer):
    """The service. Close it after the server has stopped."""

    def __init__(self, registry: RegistryClient, settings: SuggestionSettings) -> None:
        self._registry = registry
        self._executor = ThreadPoolExecutor(settings.sampling_threads, "sampling")
        self._sweeps = SweepCache(
            registry,
            self._executor,
            max_sweeps=settings.cached_sweeps,
            max_runs=settings.cached_runs,
            sampling_budget=settings.sampling_budget,
        )
        self._importance = ImportanceWorker()

    def close(self) -> None:
        """Ends what is under way."""
        self._sweeps.close()
        self._importance.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def Suggest(self, request: pb.SuggestRequest, context: Context) -> pb.SuggestResponse:
        check_suggest(request)
        with self._forgetting_deleted(request.sweep_id):
            handout = await self._sweeps.get(request.sweep_id).desk.suggest(
                count=request.count or 1,
                agent_id=request.agent_id,
                # Without the caller's id, calls of the registry are still tried again.
                request_id=request.request_id or str(uuid.uuid4()),
                scope=_scope(context),
            )
        return pb.SuggestResponse(
            runs=handout.runs,
            exhausted=EXHAUSTED[handout.shortage],
            next_check_iteration=handout.next_check,
        )

    async def ShouldStop(
        self, request: pb.ShouldStopRequest, context: Context
    ) -> pb.ShouldStopResponse:
        check_should_stop(request)
        with self._forgetting_deleted(request.sweep_id):
            keeper = self._sweeps.get(request.sweep_id).keeper
            async with keeper.fresh_model(_scope(context)) as model:
                return should_stop(model, request.sweep_id, request.number)

    async def GetBestRuns(
        self, request: pb.GetBestRunsRequest, context: Context
    ) -> pb.GetBestRunsResponse:
        check_best_runs(request)
        scope = _scope(context)
        # The registry has an index for this; a model would only be in between.
        sweep = await self._registry.get_sweep(request.sweep_id, scope)
        if not sweep.spec.HasField("metric"):
            raise _no_metric(request.sweep_id)
        runs = await self._registry.best_runs(
            request.sweep_id,
            request.count or DEFAULT_BEST_RUNS,
            scope,
            minimize=sweep.spec.metric.goal != sweep_pb2.GOAL_MAXIMIZE,
        )
        return pb.GetBestRunsResponse(runs=runs)

    async def GetParameterImportance(
        self, request: pb.GetParameterImportanceRequest, context: Context
    ) -> pb.GetParameterImportanceResponse:
        check_importance(request)
        with self._forgetting_deleted(request.sweep_id):
            keeper = self._sweeps.get(request.sweep_id).keeper
            async with keeper.fresh_model(_scope(context)) as model:
                if model.spec.metric is None:
                    raise _no_metric(request.sweep_id)
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
        with self._forgetting_deleted(request.sweep_id):
            keeper = self._sweeps.get(request.sweep_id).keeper
            async with keeper.fresh_model(_scope(context)) as model:
                if model.spec.metric is None:
                    raise _no_metric(request.sweep_id)
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

    async def ListAlgorithms(
        self, request: pb.ListAlgorithmsRequest, context: Context
    ) -> pb.ListAlgorithmsResponse:
        return pb.ListAlgorithmsResponse(algorithms=ALGORITHMS)

    @contextmanager
    def _forgetting_deleted(self, sweep_id: str) -> Iterator[None]:
        try:
            yield
        except NotFoundError as error:
            if error.reason == "SWEEP_NOT_FOUND":
                self._sweeps.drop(sweep_id)
            raise


def _scope(context: Context) -> CallScope:
    request_id = next(
        (cast("str", v) for k, v in context.invocation_metadata() or () if k == REQUEST_ID_KEY), ""
    )
    return CallScope(request_id, context.time_remaining())


def _no_metric(sweep_id: str) -> FailedPreconditionError:
    return FailedPreconditionError(
        "NO_METRIC",
        f"sweep '{sweep_id}' has no metric, so no run is better than another; "
        "create it with one, such as metric: {name: loss, goal: minimize}",
        sweep_id=sweep_id,
    )
