"""AnalysisService: one method for each RPC, on top of the runs of sweeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from google.protobuf.message import Message

from wanllmdb.api.suggestion.v1 import analysis_service_pb2 as pb
from wanllmdb.api.suggestion.v1 import analysis_service_pb2_grpc as pb_grpc
from wanllmdb_common.error_mapping import Context
from wanllmdb_common.errors import FailedPreconditionError, FieldViolation, invalid_request
from wanllmdb_common.search_space.distributions import SearchSpace
from wanllmdb_suggestion.analysis.computing import AnalysisThreads, AnswerCache, ImportanceWorker
from wanllmdb_suggestion.analysis.objectives import (
    compare_sweeps,
    edf_of_sweeps,
    hypervolume_history,
    optimization_history,
)
from wanllmdb_suggestion.analysis.parameters import (
    contour_of,
    correlation_matrix,
    parameter_importances,
    slices,
)
from wanllmdb_suggestion.analysis.reader import SweepReader
from wanllmdb_suggestion.analysis.requests import EVALUATORS, check_front, subject_of
from wanllmdb_suggestion.errors import no_metric
from wanllmdb_suggestion.optimizer.importance.importance import (
    MAX_FOREST_COLUMNS,
    Evaluator,
    forest_columns,
    importance_data,
    runs_for,
)
from wanllmdb_suggestion.registry.client import RegistryClient, scope_of_call
from wanllmdb_suggestion.rpc.validation import (
    check_compare,
    check_contour,
    check_correlations,
    check_edf,
    check_history,
    check_hypervolume,
    check_importance,
    check_slices,
)
from wanllmdb_suggestion.suggest.cache import SweepCache

P = ParamSpec("P")

MIN_RUNS_FOR_IMPORTANCE = 2


class _Analyses:
    """The RPCs of AnalysisService; computes on threads or in the importance worker.

    Each RPC returns its response as bytes, which gRPC sends as they are.
    """

    def __init__(
        self,
        registry: RegistryClient,
        sweeps: SweepCache,
        importance: ImportanceWorker,
        threads: AnalysisThreads,
        max_bytes: int,
    ) -> None:
        """
        Args:
            registry: The client of the registry.
            sweeps: The sweeps in memory.
            importance: The process that computes importances.
            threads: The threads of all other computations.
            max_bytes: The most bytes of a response.
        """
        self._sweeps = sweeps
        self._reader = SweepReader(registry, sweeps)
        self._importance = importance
        self._threads = threads
        self._max_bytes = max_bytes
        self._answers = AnswerCache()

    async def GetParameterImportance(
        self, request: pb.GetParameterImportanceRequest, context: Context
    ) -> bytes:
        check_importance(request)
        finished = await self._reader.finished(request.sweep_id, scope_of_call(context))

        async def answer() -> bytes:
            subject = subject_of(request.sweep_id, finished, request.metric)
            evaluator = EVALUATORS[request.evaluator]
            runs = runs_for(subject.runs, evaluator)
            if len(runs) < MIN_RUNS_FOR_IMPORTANCE:
                raise _not_enough_runs(request.sweep_id, len(runs))
            _check_forest(finished.space, evaluator)
            owner = self._sweeps.owner_of(request.sweep_id)
            data = await self._threads.run(owner, importance_data, runs, finished.space, evaluator)
            shares = await self._importance.compute(data, owner)
            response = await self._threads.run(
                owner, parameter_importances, shares, runs, finished.space
            )
            return response.SerializeToString()

        return await self._answers.get(finished, request, pb.GetParameterImportanceResponse, answer)

    async def GetOptimizationHistory(
        self, request: pb.GetOptimizationHistoryRequest, context: Context
    ) -> bytes:
        check_history(request)
        finished = await self._reader.finished(request.sweep_id, scope_of_call(context))

        async def answer() -> bytes:
            subject = subject_of(request.sweep_id, finished, request.metric)
            return await self._on_thread(
                request.sweep_id, optimization_history, request, subject.runs
            )

        return await self._answers.get(finished, request, pb.GetOptimizationHistoryResponse, answer)

    async def GetHypervolumeHistory(
        self, request: pb.GetHypervolumeHistoryRequest, context: Context
    ) -> bytes:
        check_hypervolume(request)
        finished = await self._reader.finished(request.sweep_id, scope_of_call(context))

        async def answer() -> bytes:
            check_front(request.sweep_id, finished.metrics, request.reference_point)
            return await self._on_thread(request.sweep_id, hypervolume_history, request, finished)

        return await self._answers.get(finished, request, pb.GetHypervolumeHistoryResponse, answer)

    async def GetSlices(self, request: pb.GetSlicesRequest, context: Context) -> bytes:
        check_slices(request)
        finished = await self._reader.finished(request.sweep_id, scope_of_call(context))

        async def answer() -> bytes:
            named = {f"parameters[{i}]": name for i, name in enumerate(request.parameters)}
            subject = subject_of(request.sweep_id, finished, request.metric, named)
            parameters = sorted(subject.parameters, key=lambda p: p.name) or [
                p for p in finished.space.parameters if p.name in finished.parameters
            ]
            return await self._on_thread(
                request.sweep_id, slices, request, parameters, subject.runs
            )

        return await self._answers.get(finished, request, pb.GetSlicesResponse, answer)

    async def GetContour(self, request: pb.GetContourRequest, context: Context) -> bytes:
        check_contour(request)
        finished = await self._reader.finished(request.sweep_id, scope_of_call(context))

        async def answer() -> bytes:
            named = {"x_parameter": request.x_parameter, "y_parameter": request.y_parameter}
            subject = subject_of(request.sweep_id, finished, request.metric, named)
            x, y = subject.parameters
            return await self._on_thread(request.sweep_id, contour_of, request, x, y, subject.runs)

        return await self._answers.get(finished, request, pb.GetContourResponse, answer)

    async def GetEdf(self, request: pb.GetEdfRequest, context: Context) -> bytes:
        check_edf(request)
        scope = scope_of_call(context)
        sweeps = await self._reader.measured(request.sweep_ids, request.metric, scope)
        runs = await self._reader.finished_of_each(request.sweep_ids, scope)
        return await self._on_thread(request.sweep_ids[0], edf_of_sweeps, request, sweeps, runs)

    async def GetCorrelations(self, request: pb.GetCorrelationsRequest, context: Context) -> bytes:
        check_correlations(request)
        finished = await self._reader.finished(request.sweep_id, scope_of_call(context))
        if not finished.metrics:
            raise no_metric(request.sweep_id)
        return await self._answers.get(
            finished,
            request,
            pb.GetCorrelationsResponse,
            lambda: self._on_thread(request.sweep_id, correlation_matrix, request, finished),
        )

    async def CompareSweeps(self, request: pb.CompareSweepsRequest, context: Context) -> bytes:
        check_compare(request)
        scope = scope_of_call(context)
        sweeps = await self._reader.measured(request.sweep_ids, request.metric, scope)
        # The timelines are read first, so that every run that ended in one is among the runs.
        timelines = await self._reader.timelines(sweeps, scope)
        runs = await self._reader.finished_of_each(request.sweep_ids, scope)
        return await self._on_thread(
            request.sweep_ids[0], compare_sweeps, request, sweeps, runs, timelines
        )

    async def _on_thread(
        self, sweep_id: str, work: Callable[P, Message], *args: P.args, **kwargs: P.kwargs
    ) -> bytes:
        """Return the response that `work` computes, encoded, both on a thread.

        Raises:
            InvalidArgumentError: INVALID_REQUEST: the response is too large to be sent.
            OverloadedError: OVERLOADED: the work takes too long.
        """

        def encoded() -> bytes:
            return work(*args, **kwargs).SerializeToString()

        answer = await self._threads.run(self._sweeps.owner_of(sweep_id), encoded)
        _check_size(len(answer), self._max_bytes)
        return answer


# Each RPC returns its response as bytes.
class AnalysisServicer(  # type: ignore[misc]
    _Analyses,
    pb_grpc.AnalysisServiceServicer,
):
    """All RPCs of AnalysisService."""


def _not_enough_runs(sweep_id: str, count: int) -> FailedPreconditionError:
    return FailedPreconditionError(
        "NOT_ENOUGH_RUNS",
        f"importance needs at least {MIN_RUNS_FOR_IMPORTANCE} finished runs with a value of the "
        f"metric; sweep '{sweep_id}' has {count}",
        sweep_id=sweep_id,
        finished=count,
        needed=MIN_RUNS_FOR_IMPORTANCE,
    )


def _check_size(size: int, most: int) -> None:
    """Raise INVALID_REQUEST if the response has more bytes than can be sent."""
    if size > most:
        raise invalid_request(
            FieldViolation(
                "max_points",
                f"the response would have {size:,} bytes, at most {most:,} can be sent: request "
                "fewer points or fewer parameters, for example none with long categories",
            )
        )


def _check_forest(space: SearchSpace, evaluator: Evaluator) -> None:
    """Raise INVALID_REQUEST if the evaluator's forest would have too many columns."""
    if evaluator is Evaluator.PED_ANOVA:
        return
    columns = forest_columns(space)
    if columns > MAX_FOREST_COLUMNS:
        raise invalid_request(
            FieldViolation(
                "evaluator",
                f"needs a column for each number and each category of the space, {columns:,}; "
                f"at most {MAX_FOREST_COLUMNS:,} are allowed: use PED_ANOVA",
            )
        )
